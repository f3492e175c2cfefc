import { and, eq, sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { Congestion } from '../../domain/congestion.ts';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { dropAtMostOnce } from './drop-at-most-once.ts';
import { lockForOwnerChange } from './lock-for-owner-change.ts';

/** The waiting deliveries of one endpoint, and its congestion state in the relay. */
export type HandedOver = {
  endpointId: EndpointId;
  eventIds: readonly EventId[];
  congestion: Congestion;
};

/**
 * Moves waiting deliveries of slow endpoints from the relay's memory to their workflows. If a workflow owns the
 * endpoint already, its congestion state is kept.
 */
export async function handOver(db: Database, handed: readonly HandedOver[]): Promise<void> {
  const endpointIds = handed.map(({ endpointId }) => endpointId);
  const pairs = handed.flatMap(({ endpointId, eventIds }) =>
    eventIds.map((eventId) => ({ endpointId, eventId })),
  );
  const known = handed.map(({ congestion }) => JSON.stringify(congestion));
  await db.transaction(async (tx) => {
    await lockForOwnerChange(tx, endpointIds);
    await tx.execute(sql`
      update ${endpoints} set ${bare(endpoints.deliveryOwner)} = 'workflow',
        ${bare(endpoints.congestion)} = known.congestion
      from unnest(${sql.param(endpointIds)}::text[], ${sql.param(known)}::jsonb[])
        as known(endpoint_id, congestion)
      where ${endpoints.id} = known.endpoint_id and ${endpoints.deliveryOwner} = 'relay'`);
    const areWaiting = and(
      eq(deliveries.status, 'pending'),
      sql`(${deliveries.eventId}, ${deliveries.endpointId}) in (
        select event_id, endpoint_id from unnest(
          ${sql.param(pairs.map(({ eventId }) => eventId))}::text[],
          ${sql.param(pairs.map(({ endpointId }) => endpointId))}::text[]) as pairs(event_id, endpoint_id))`,
    );
    await tx.update(deliveries).set({ deliveryOwner: 'workflow' }).where(areWaiting);
    await dropAtMostOnce(tx, areWaiting);
  });
}
