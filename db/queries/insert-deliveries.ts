import { sql } from 'drizzle-orm';
import { deliveries } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';
import type { Runner } from '../statement.ts';
import type { MatchedDelivery } from './match-endpoints.ts';

const array = (name: string, type: string) =>
  sql`${sql.placeholder(name)}::${sql.raw(`${type}[]`)}`;

const insert = statement(
  'insert_deliveries',
  () => sql`
  insert into ${deliveries} (event_id, endpoint_id, driver, position, priority, order_key,
    is_latest_only, expires_at, status, end_reason, ended_at, shard, epoch, next_attempt_at)
  select event_id, endpoint_id, driver, position, priority, order_key, is_latest_only, expires_at,
    case when is_superseded then 'dropped' else 'pending' end,
    case when is_superseded then 'superseded' end, case when is_superseded then now() end,
    ${sql.placeholder('shard')}::int, ${sql.placeholder('epoch')}::int,
    case when is_superseded then null else now() end
  from unnest(${array('eventIds', 'text')}, ${array('endpointIds', 'text')}, ${array('drivers', 'text')},
    ${array('positions', 'bigint')}, ${array('priorities', 'smallint')}, ${array('orderKeys', 'text')},
    ${array('latestOnly', 'boolean')}, ${array('expiresAt', 'timestamptz')},
    ${array('superseded', 'boolean')}
  ) as matched(event_id, endpoint_id, driver, position, priority, order_key, is_latest_only,
    expires_at, is_superseded)`,
);

/** Writes what is to be delivered, in one statement whatever the number. */
export async function insertDeliveries(
  runner: Runner,
  input: { shard: number; epoch: number; matched: readonly MatchedDelivery[] },
): Promise<void> {
  const { shard, epoch, matched } = input;
  if (matched.length === 0) return;
  await insert(runner, {
    ...{ shard, epoch },
    eventIds: matched.map(({ delivery }) => delivery.eventId),
    endpointIds: matched.map(({ delivery }) => delivery.endpoint.id),
    drivers: matched.map(({ driver }) => driver),
    positions: matched.map(({ delivery }) => delivery.position),
    priorities: matched.map(({ delivery }) => delivery.priority),
    orderKeys: matched.map(({ delivery }) => delivery.orderKey),
    latestOnly: matched.map(({ delivery }) => delivery.isLatestOnly),
    expiresAt: matched.map(({ delivery }) => delivery.expiresAt),
    superseded: matched.map(({ isSuperseded }) => isSuperseded),
  });
}

const supersede = statement(
  'supersede_deliveries',
  () => sql`
  update ${deliveries} set status = 'dropped', end_reason = 'superseded', ended_at = now(),
    next_attempt_at = null
  from unnest(${array('endpointIds', 'text')}, ${array('orderKeys', 'text')},
    ${array('positions', 'bigint')}) as newest(endpoint_id, order_key, position)
  where ${deliveries.endpointId} = newest.endpoint_id and ${deliveries.orderKey} = newest.order_key
    and ${deliveries.position} < newest.position and ${deliveries.status} = 'pending'
    and ${deliveries.isLatestOnly}`,
);

/** Drops what still waits and is no longer the newest. What is under way may still arrive. */
export async function supersedeDeliveries(
  runner: Runner,
  matched: readonly MatchedDelivery[],
): Promise<void> {
  const newest = matched.filter((one) => one.delivery.isLatestOnly && !one.isSuperseded);
  if (newest.length === 0) return;
  await supersede(runner, {
    endpointIds: newest.map(({ delivery }) => delivery.endpoint.id),
    orderKeys: newest.map(({ delivery }) => delivery.orderKey),
    positions: newest.map(({ delivery }) => delivery.position),
  });
}
