import { and, asc, eq, lt, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { deliveries } from '../schema/endpoints.ts';
import { dropAtMostOnce } from './drop-at-most-once.ts';
import { selectOutgoing } from './select-outgoing.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

/**
 * Takes over the first attempts that an earlier relay of this shard did not finish, with everything needed to send
 * them.
 */
export async function takeOverDeliveries(
  db: Database,
  { shard, epoch, limit }: { shard: number; epoch: number; limit: number },
): Promise<OutgoingDelivery[]> {
  const isAbandoned = and(
    eq(deliveries.shard, shard),
    eq(deliveries.status, 'pending'),
    eq(deliveries.deliveryOwner, 'relay'),
    lt(deliveries.epoch, epoch),
  );
  await dropAtMostOnce(db, isAbandoned);
  const abandoned = db
    .select({ eventId: deliveries.eventId, endpointId: deliveries.endpointId })
    .from(deliveries)
    .where(isAbandoned)
    .orderBy(asc(deliveries.position))
    .limit(limit);
  const claimed = await db
    .update(deliveries)
    .set({ epoch })
    .where(sql`(${deliveries.eventId}, ${deliveries.endpointId}) in ${abandoned}`)
    .returning({ eventId: deliveries.eventId, endpointId: deliveries.endpointId });
  if (claimed.length === 0) return [];
  return selectOutgoing(db)
    .where(
      sql`(${deliveries.eventId}, ${deliveries.endpointId}) in (
        select event_id, endpoint_id from unnest(
          ${sql.param(claimed.map(({ eventId }) => eventId))}::text[],
          ${sql.param(claimed.map(({ endpointId }) => endpointId))}::text[]) as claimed(event_id, endpoint_id))`,
    )
    .orderBy(asc(deliveries.position));
}
