import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import { array } from '../placeholders.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';
import type { Runner } from '../statement.ts';
import { nextOwner } from './lock-endpoints.ts';
import type { PlannedDelivery } from './match-endpoints.ts';

const insert = statement(
  'insert_deliveries',
  () => sql`
  insert into ${deliveries} (${bare(
    deliveries.eventId,
    deliveries.endpointId,
    deliveries.deliveryOwner,
    deliveries.position,
    deliveries.priority,
    deliveries.orderKey,
    deliveries.isLatestOnly,
    deliveries.isAtMostOnce,
    deliveries.expiresAt,
    deliveries.status,
    deliveries.attempts,
    deliveries.lastStatusCode,
    deliveries.endReason,
    deliveries.endedAt,
    deliveries.shard,
    deliveries.epoch,
    deliveries.nextAttemptAt,
  )})
  select planned.event_id, planned.endpoint_id, case when planned.is_sent then 'relay' else ${nextOwner} end,
    planned.position, planned.priority, planned.order_key, planned.is_latest_only,
    planned.is_at_most_once, planned.expires_at, ended.status, planned.attempts, planned.status_code,
    ended.reason, case when ended.status <> 'pending' then now() end,
    ${sql.placeholder('shard')}::int, ${sql.placeholder('epoch')}::int,
    case when ended.status = 'pending' then now() end
  from unnest(${array('eventIds', 'text')}, ${array('endpointIds', 'text')},
    ${array('seenAt', 'timestamptz')}, ${array('positions', 'bigint')},
    ${array('priorities', 'smallint')}, ${array('orderKeys', 'text')},
    ${array('latestOnly', 'boolean')}, ${array('atMostOnce', 'boolean')},
    ${array('expiresAt', 'timestamptz')}, ${array('superseded', 'boolean')},
    ${array('sent', 'boolean')}, ${array('attempts', 'int')}, ${array('statusCodes', 'int')}
  ) as planned(event_id, endpoint_id, seen_at, position, priority, order_key, is_latest_only,
    is_at_most_once, expires_at, is_superseded, is_sent, attempts, status_code)
  join ${endpoints} on ${endpoints.id} = planned.endpoint_id and ${nextOwner} is not null
    and date_trunc('milliseconds', ${endpoints.updatedAt}) = planned.seen_at
  cross join lateral (select case when planned.is_superseded then 'superseded'
    when planned.is_at_most_once and ${nextOwner} = 'workflow' then 'at_most_once' end as reason) as dropped
  cross join lateral (select dropped.reason, case when dropped.reason is not null then 'dropped'
    when planned.attempts > 0 then 'delivered' else 'pending' end as status) as ended
  on conflict (event_id, endpoint_id) do nothing`,
);

/**
 * Inserts pending and already delivered deliveries in one statement, for endpoints unchanged since they were matched.
 * The endpoints are locked. An at-most-once delivery does not wait for a failing endpoint. An existing delivery was
 * requested by a replay.
 */
export async function insertDeliveries(
  runner: Runner,
  input: { shard: number; epoch: number; planned: readonly PlannedDelivery[] },
): Promise<void> {
  const { shard, epoch, planned } = input;
  if (planned.length === 0) return;
  await insert(runner, {
    shard,
    epoch,
    eventIds: planned.map(({ delivery }) => delivery.eventId),
    endpointIds: planned.map(({ delivery }) => delivery.endpoint.id),
    seenAt: planned.map(({ delivery }) => delivery.endpoint.updatedAt),
    positions: planned.map(({ delivery }) => delivery.position),
    priorities: planned.map(({ delivery }) => delivery.priority),
    orderKeys: planned.map(({ delivery }) => delivery.orderKey),
    latestOnly: planned.map(({ delivery }) => delivery.isLatestOnly),
    atMostOnce: planned.map(({ delivery }) => delivery.isAtMostOnce),
    expiresAt: planned.map(({ delivery }) => delivery.expiresAt),
    superseded: planned.map(({ isSuperseded }) => isSuperseded),
    sent: planned.map(({ isSent }) => isSent),
    attempts: planned.map(({ delivered }) => delivered?.attempt ?? 0),
    statusCodes: planned.map(({ delivered }) => delivered?.statusCode ?? null),
  });
}

const supersede = statement(
  'supersede_deliveries',
  () => sql`
  update ${deliveries} set ${bare(deliveries.status)} = 'dropped',
    ${bare(deliveries.endReason)} = 'superseded',
    ${bare(deliveries.endedAt)} = now(),
    ${bare(deliveries.nextAttemptAt)} = null
  from unnest(${array('endpointIds', 'text')}, ${array('orderKeys', 'text')},
    ${array('positions', 'bigint')}) as newest(endpoint_id, order_key, position)
  where ${deliveries.endpointId} = newest.endpoint_id and ${deliveries.orderKey} = newest.order_key
    and ${deliveries.position} < newest.position and ${deliveries.status} = 'pending'
    and ${deliveries.isLatestOnly}`,
);

/** Drops waiting deliveries that a newer event supersedes. A call in flight may still arrive. */
export async function supersedeDeliveries(
  runner: Runner,
  planned: readonly PlannedDelivery[],
): Promise<void> {
  const newest = planned.filter((one) => one.delivery.isLatestOnly && !one.isSuperseded);
  if (newest.length === 0) return;
  await supersede(runner, {
    endpointIds: newest.map(({ delivery }) => delivery.endpoint.id),
    orderKeys: newest.map(({ delivery }) => delivery.orderKey),
    positions: newest.map(({ delivery }) => delivery.position),
  });
}
