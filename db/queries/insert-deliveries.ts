import { sql } from 'drizzle-orm';
import { deliveries } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';
import type { MatchedDelivery } from './match-endpoints.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

/** Writes what is to be delivered, in one statement whatever the number. */
export async function insertDeliveries(
  tx: Transaction,
  input: { shard: number; epoch: number; matched: readonly MatchedDelivery[] },
): Promise<void> {
  const { shard, epoch, matched } = input;
  if (matched.length === 0) return;
  const column = <T>(pick: (one: MatchedDelivery) => T) => sql.param(matched.map(pick));
  await tx.execute(sql`
    insert into ${deliveries} (event_id, endpoint_id, driver, position, priority, order_key,
      is_latest_only, expires_at, status, end_reason, ended_at, shard, epoch, next_attempt_at)
    select event_id, endpoint_id, driver, position, priority, order_key, is_latest_only, expires_at,
      case when is_superseded then 'dropped' else 'pending' end,
      case when is_superseded then 'superseded' end, case when is_superseded then now() end,
      ${shard}, ${epoch}, case when is_superseded then null else now() end
    from unnest(
      ${column(({ delivery }) => delivery.eventId)}::text[],
      ${column(({ delivery }) => delivery.endpoint.id)}::text[],
      ${column(({ driver }) => driver)}::text[],
      ${column(({ delivery }) => delivery.position)}::bigint[],
      ${column(({ delivery }) => delivery.priority)}::smallint[],
      ${column(({ delivery }) => delivery.orderKey)}::text[],
      ${column(({ delivery }) => delivery.isLatestOnly)}::boolean[],
      ${column(({ delivery }) => delivery.expiresAt)}::timestamptz[],
      ${column(({ isSuperseded }) => isSuperseded)}::boolean[]
    ) as matched(event_id, endpoint_id, driver, position, priority, order_key, is_latest_only,
      expires_at, is_superseded)`);
}

/** Drops what still waits and is no longer the newest. What is under way may still arrive. */
export async function supersedeDeliveries(
  tx: Transaction,
  matched: readonly MatchedDelivery[],
): Promise<void> {
  const newest = matched.filter((one) => one.delivery.isLatestOnly && !one.isSuperseded);
  if (newest.length === 0) return;
  const column = <T>(pick: (one: OutgoingDelivery) => T) =>
    sql.param(newest.map(({ delivery }) => pick(delivery)));
  await tx.execute(sql`
    update ${deliveries} set status = 'dropped', end_reason = 'superseded', ended_at = now(),
      next_attempt_at = null
    from unnest(
      ${column(({ endpoint }) => endpoint.id)}::text[],
      ${column(({ orderKey }) => orderKey)}::text[],
      ${column(({ position }) => position)}::bigint[]
    ) as newest(endpoint_id, order_key, position)
    where ${deliveries.endpointId} = newest.endpoint_id and ${deliveries.orderKey} = newest.order_key
      and ${deliveries.position} < newest.position and ${deliveries.status} = 'pending'
      and ${deliveries.isLatestOnly}`);
}
