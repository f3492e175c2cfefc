import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { eventTypeDefinitions } from '../schema/events.ts';

export type EventTypeDefinition = typeof eventTypeDefinitions.$inferSelect;

/** Changes with every update, so that a check of an event against a definition can be verified at publishing. */
export const versionOfType = sql<string>`extract(epoch from ${eventTypeDefinitions.updatedAt})::text`;

/** The most types that a merchant may register. */
export const mostEventTypes = 1_000;

/** Registers a type; undefined if the name is registered or the merchant has reached the limit. */
export async function insertEventType(
  db: Database,
  input: Pick<EventTypeDefinition, 'merchantId' | 'name' | 'description' | 'schema'>,
): Promise<EventTypeDefinition | undefined> {
  const own = db.$count(
    eventTypeDefinitions,
    eq(eventTypeDefinitions.merchantId, input.merchantId),
  );
  if ((await own) >= mostEventTypes) return undefined;
  const [inserted] = await db
    .insert(eventTypeDefinitions)
    .values(input)
    .onConflictDoNothing()
    .returning();
  return inserted;
}

export async function findEventType(
  db: Database,
  { merchantId, name }: { merchantId: MerchantId; name: string },
): Promise<EventTypeDefinition | undefined> {
  const [found] = await db.select().from(eventTypeDefinitions).where(isType(merchantId, name));
  return found;
}

/** The definitions to check events against, each with its version. */
export function findEventTypes(
  db: Database,
  { merchantId, names }: { merchantId: MerchantId; names: readonly string[] },
) {
  return db
    .select({
      name: eventTypeDefinitions.name,
      schema: eventTypeDefinitions.schema,
      archivedAt: eventTypeDefinitions.archivedAt,
      version: versionOfType,
    })
    .from(eventTypeDefinitions)
    .where(
      and(
        eq(eventTypeDefinitions.merchantId, merchantId),
        inArray(eventTypeDefinitions.name, [...names]),
      ),
    );
}

// By code unit, as JavaScript compares, because the caller merges these with other names.
const byName = sql`${eventTypeDefinitions.name} collate "C"`;

/** A merchant's types by name; `after` is the last name of the previous page. */
export function listEventTypes(
  db: Database,
  { merchantId, after, limit }: { merchantId: MerchantId; after: string; limit: number },
): Promise<EventTypeDefinition[]> {
  return db
    .select()
    .from(eventTypeDefinitions)
    .where(and(eq(eventTypeDefinitions.merchantId, merchantId), gt(byName, after)))
    .orderBy(asc(byName))
    .limit(limit);
}

/** Updates the given fields; undefined if the merchant has no such type. */
export async function updateEventType(
  db: Database,
  input: { merchantId: MerchantId; name: string } & {
    description?: string | undefined;
    schema?: Record<string, unknown> | null | undefined;
    isArchived?: boolean | undefined;
  },
): Promise<EventTypeDefinition | undefined> {
  const { merchantId, name, description, schema, isArchived } = input;
  const [updated] = await db
    .update(eventTypeDefinitions)
    .set({
      ...(description !== undefined && { description }),
      ...(schema !== undefined && { schema }),
      ...(isArchived !== undefined && {
        archivedAt: isArchived ? sql`coalesce(${eventTypeDefinitions.archivedAt}, now())` : null,
      }),
      // Always increases: the version is derived from it.
      updatedAt: sql`greatest(clock_timestamp(), ${eventTypeDefinitions.updatedAt} + interval '1 microsecond')`,
    })
    .where(isType(merchantId, name))
    .returning();
  return updated;
}

function isType(merchantId: MerchantId, name: string) {
  return and(eq(eventTypeDefinitions.merchantId, merchantId), eq(eventTypeDefinitions.name, name));
}
