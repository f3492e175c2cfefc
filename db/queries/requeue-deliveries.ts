import { and, eq, sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';
import type { Transaction } from '../transaction.ts';

/**
 * Queues events for an endpoint's workflow, again or for the first time, with no attempts counted. Under the endpoint's
 * lock, like every change of the delivery owner. Skips pending deliveries. Returns how many were queued.
 */
export async function requeueDeliveries(
  tx: Transaction,
  { endpointId, eventIds }: { endpointId: EndpointId; eventIds: readonly EventId[] },
): Promise<number> {
  if (eventIds.length === 0) return 0;
  await tx.update(endpoints).set({ deliveryOwner: 'workflow' }).where(eq(endpoints.id, endpointId));
  const { rowCount } = await tx.execute(sql`
    insert into ${deliveries} (${bare(
      deliveries.eventId,
      deliveries.endpointId,
      deliveries.deliveryOwner,
      deliveries.shard,
      deliveries.epoch,
      deliveries.position,
      deliveries.orderKey,
      deliveries.nextAttemptAt,
    )})
    select ${events.id}, ${endpoints.id}, 'workflow', ${events.shard}, 0, ${events.position},
      case when ${endpoints.ordering} = 'resource' then ${events.resourceId} end, now()
    from ${events}, ${endpoints}
    where ${events.id} = any(${sql.param([...eventIds])}::text[]) and ${endpoints.id} = ${endpointId}
      and ${events.merchantId} = ${endpoints.merchantId} and ${events.position} is not null
    on conflict (event_id, endpoint_id) do update set status = 'pending', ${bare(deliveries.deliveryOwner)} = 'workflow',
      attempts = 0, replays = ${deliveries.replays} + 1, next_attempt_at = now(), end_reason = null,
      ended_at = null, expires_at = null, order_key = excluded.order_key, is_latest_only = false,
      is_at_most_once = false
    where ${deliveries.status} <> 'pending'`);
  return rowCount ?? 0;
}

/** Sends one event to one endpoint at once, whatever its status and the endpoint's congestion window. */
export function retryDelivery(
  db: Database,
  { endpointId, eventId }: { endpointId: EndpointId; eventId: EventId },
): Promise<void> {
  return db.transaction(async (tx) => {
    await requeueDeliveries(tx, { endpointId, eventIds: [eventId] });
    await tx
      .update(deliveries)
      .set({ nextAttemptAt: sql`now()` })
      .where(
        and(
          eq(deliveries.endpointId, endpointId),
          eq(deliveries.eventId, eventId),
          eq(deliveries.status, 'pending'),
          eq(deliveries.deliveryOwner, 'workflow'),
        ),
      );
    await tx
      .update(endpoints)
      .set({ congestion: sql`jsonb_set(${endpoints.congestion}, '{probeAtMs}', '0')` })
      .where(eq(endpoints.id, endpointId));
  });
}
