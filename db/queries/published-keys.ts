import { and, desc, eq, gt, isNotNull, sql } from 'drizzle-orm';
import { unionAll } from 'drizzle-orm/pg-core';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { endpoints } from '../schema/endpoints.ts';

/**
 * The public keys `whpk_…` that sign deliveries now, those in a rotation's grace included: of one
 * endpoint or of all, newest first. They are public, so no merchant is asked for, and none is told.
 */
export async function publishedKeys(
  db: Database,
  { endpointId, limit }: { endpointId: EndpointId | undefined; limit: number },
): Promise<string[]> {
  const isAsked = endpointId && eq(endpoints.id, endpointId);
  const current = db
    .select({ id: endpoints.id, age: sql<number>`0`.as('age'), key: endpoints.publicKey })
    .from(endpoints)
    .where(and(isNotNull(endpoints.publicKey), isAsked));
  const previous = db
    .select({ id: endpoints.id, age: sql<number>`1`.as('age'), key: endpoints.previousPublicKey })
    .from(endpoints)
    .where(
      and(
        isNotNull(endpoints.previousPublicKey),
        gt(endpoints.previousSecretUntil, sql`now()`),
        isAsked,
      ),
    );
  const rows = await unionAll(current, previous)
    .orderBy(desc(sql`id`), sql`age`)
    .limit(limit);
  return rows.flatMap(({ key }) => (key === null ? [] : [key]));
}
