import { and, desc, eq, gt, isNotNull, sql } from 'drizzle-orm';
import type { Column } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { endpoints } from '../schema/endpoints.ts';

/** Which keys: those of one endpoint or merchant, the one with an id (RFC 7638), or all. */
export type KeyFilter = {
  endpointId?: EndpointId | undefined;
  merchantId?: MerchantId | undefined;
  keyId?: string | undefined;
};

/**
 * The public keys `whpk_…` that sign deliveries now, including those in a rotation's grace period, newest first. They
 * are public, so no merchant is required or revealed. Without a filter each merchant's newest keys come before any
 * second ones, so that no merchant can crowd out others.
 */
export async function publishedKeys(
  db: Database,
  { limit, ...filter }: KeyFilter & { limit: number },
): Promise<string[]> {
  const matches = (key: Column) =>
    and(
      filter.endpointId && eq(endpoints.id, filter.endpointId),
      filter.merchantId && eq(endpoints.merchantId, filter.merchantId),
      filter.keyId === undefined ? undefined : eq(sql`tender_key_id(${key})`, filter.keyId),
    );
  const { id, merchantId, publicKey, previousPublicKey, previousSecretUntil } = endpoints;
  const current = db
    .select({ id, merchantId, age: sql<number>`0`.as('age'), key: publicKey })
    .from(endpoints)
    .where(and(isNotNull(publicKey), matches(publicKey)));
  const previous = db
    .select({ id, merchantId, age: sql<number>`1`.as('age'), key: previousPublicKey })
    .from(endpoints)
    .where(
      and(
        isNotNull(previousPublicKey),
        gt(previousSecretUntil, sql`now()`),
        matches(previousPublicKey),
      ),
    );
  const keys = unionAll(current, previous).as('keys');
  const rows = await db
    .select({ key: keys.key })
    .from(keys)
    .orderBy(
      sql`row_number() over (partition by ${keys.merchantId} order by ${keys.id} desc, ${keys.age})`,
      desc(keys.id),
      keys.age,
    )
    .limit(limit);
  return rows.flatMap(({ key }) => (key === null ? [] : [key]));
}
