import { and, desc, eq, gt, isNotNull, sql } from 'drizzle-orm';
import type { Column } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import type { EndpointId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { endpoints } from '../schema/endpoints.ts';

/** Whose keys: those of one endpoint or merchant, the one of an id (RFC 7638), or all. */
export type KeysWanted = {
  endpointId?: EndpointId | undefined;
  merchantId?: MerchantId | undefined;
  keyId?: string | undefined;
};

/**
 * The public keys `whpk_…` that sign deliveries now, those in a rotation's grace included, newest first. They are
 * public, so no merchant is asked for, and none is told. Of all, each merchant's newest come before anybody's second:
 * however many one has, they push nobody out.
 */
export async function publishedKeys(
  db: Database,
  { limit, ...wanted }: KeysWanted & { limit: number },
): Promise<string[]> {
  const isAskedFor = (key: Column) =>
    and(
      wanted.endpointId && eq(endpoints.id, wanted.endpointId),
      wanted.merchantId && eq(endpoints.merchantId, wanted.merchantId),
      wanted.keyId === undefined ? undefined : eq(sql`tender_key_id(${key})`, wanted.keyId),
    );
  const { id, merchantId, publicKey, previousPublicKey, previousSecretUntil } = endpoints;
  const current = db
    .select({ id, merchantId, age: sql<number>`0`.as('age'), key: publicKey })
    .from(endpoints)
    .where(and(isNotNull(publicKey), isAskedFor(publicKey)));
  const previous = db
    .select({ id, merchantId, age: sql<number>`1`.as('age'), key: previousPublicKey })
    .from(endpoints)
    .where(
      and(
        isNotNull(previousPublicKey),
        gt(previousSecretUntil, sql`now()`),
        isAskedFor(previousPublicKey),
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
