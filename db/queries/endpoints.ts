import { and, desc, eq, isNull, lt } from 'drizzle-orm';
import { newId } from '../../domain/ids.ts';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import { endpoints } from '../schema/endpoints.ts';
import { sealContext } from '../sealed-columns.ts';
import type { Sealer } from '../sealed.ts';

export type Endpoint = typeof endpoints.$inferSelect;

/** An endpoint for the events of one resource: an order's `notifyUrl`, a request's `callbackUrl`. */
export type ResourceEndpoint = { endpointId: EndpointId; url: string; sealedSecret: string };

/** The context that a signing secret is sealed with; the sender opens it with the same. */
export const secretContext = (id: EndpointId) => sealContext('endpoints.secret', id);

export async function insertEndpoint(
  { db, sealer }: { db: Database | Transaction; sealer: Sealer },
  input: Omit<typeof endpoints.$inferInsert, 'id' | 'sealedSecret'> & {
    id?: EndpointId;
    secret: string;
  },
): Promise<Endpoint> {
  const { secret, id = newId('endpoint'), ...plain } = input;
  const [endpoint] = await db
    .insert(endpoints)
    .values({ ...plain, id, sealedSecret: sealer.seal(secret, secretContext(id)) })
    .returning();
  return endpoint!;
}

/** The number of a merchant's own endpoints, without those of single orders or requests. */
export function countEndpoints(
  db: Database | Transaction,
  { merchantId }: { merchantId: MerchantId },
): Promise<number> {
  return db.$count(
    endpoints,
    and(eq(endpoints.merchantId, merchantId), isNull(endpoints.resourceId)),
  );
}

/** An endpoint of any merchant: for internal use, not for merchants' requests. */
export async function lookUpEndpoint(
  db: Database,
  { endpointId }: { endpointId: EndpointId },
): Promise<Endpoint | undefined> {
  const [endpoint] = await db.select().from(endpoints).where(eq(endpoints.id, endpointId));
  return endpoint;
}

export async function findEndpoint(
  db: Database,
  { merchantId, endpointId }: { merchantId: MerchantId; endpointId: EndpointId },
): Promise<Endpoint | undefined> {
  const [endpoint] = await db
    .select()
    .from(endpoints)
    .where(and(eq(endpoints.id, endpointId), eq(endpoints.merchantId, merchantId)));
  return endpoint;
}

/** A merchant's endpoints, newest first. */
export async function listEndpoints(
  db: Database,
  input: { merchantId: MerchantId; before: EndpointId | undefined; limit: number },
): Promise<{ endpoints: Endpoint[]; hasMore: boolean }> {
  const rows = await db
    .select()
    .from(endpoints)
    .where(
      and(
        eq(endpoints.merchantId, input.merchantId),
        // The endpoint of one order is part of that order.
        isNull(endpoints.resourceId),
        input.before && lt(endpoints.id, input.before),
      ),
    )
    .orderBy(desc(endpoints.id))
    .limit(input.limit + 1);
  return { endpoints: rows.slice(0, input.limit), hasMore: rows.length > input.limit };
}
