import { and, asc, eq, gt, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { consumerGroups } from '../schema/events.ts';

export type ConsumerGroup = typeof consumerGroups.$inferSelect;

/** The most groups that a merchant may have. */
export const mostGroups = 100;

type GroupKey = { merchantId: MerchantId; name: string };

const isGroup = ({ merchantId, name }: GroupKey) =>
  and(eq(consumerGroups.merchantId, merchantId), eq(consumerGroups.name, name));

/** Creates a group; undefined if the name is taken or the merchant has reached the limit. */
export async function insertConsumerGroup(
  db: Database,
  input: Pick<ConsumerGroup, 'merchantId' | 'name' | 'eventTypes' | 'filter' | 'position'>,
): Promise<ConsumerGroup | undefined> {
  const own = await db.$count(consumerGroups, eq(consumerGroups.merchantId, input.merchantId));
  if (own >= mostGroups) return undefined;
  const [inserted] = await db
    .insert(consumerGroups)
    .values(input)
    .onConflictDoNothing()
    .returning();
  return inserted;
}

export async function findConsumerGroup(
  db: Database,
  key: GroupKey,
): Promise<ConsumerGroup | undefined> {
  const [found] = await db.select().from(consumerGroups).where(isGroup(key));
  return found;
}

const byName = sql`${consumerGroups.name} collate "C"`;

/** A merchant's groups by name; `after` is the last name of the previous page. */
export function listConsumerGroups(
  db: Database,
  { merchantId, after, limit }: { merchantId: MerchantId; after: string; limit: number },
): Promise<ConsumerGroup[]> {
  return db
    .select()
    .from(consumerGroups)
    .where(and(eq(consumerGroups.merchantId, merchantId), gt(byName, after)))
    .orderBy(asc(byName))
    .limit(limit);
}

/** False if there was none. */
export async function deleteConsumerGroup(db: Database, key: GroupKey): Promise<boolean> {
  const deleted = await db
    .delete(consumerGroups)
    .where(isGroup(key))
    .returning({ name: consumerGroups.name });
  return deleted.length === 1;
}
