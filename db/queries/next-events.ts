import { sql } from 'drizzle-orm';
import type { EndpointId, EventId, MerchantId } from '../../domain/ids.ts';
import { endpoints } from '../schema/endpoints.ts';
import { dispatchCursors, events } from '../schema/events.ts';
import { merchants } from '../schema/merchants.ts';
import { statement } from '../statement.ts';
import type { Runner } from '../statement.ts';

/** An event as the relay reads it. */
export type RelayedEvent = {
  id: EventId;
  merchantId: MerchantId;
  endpointsVersion: number;
  type: string;
  resourceId: string;
  channels: string[];
  body: string;
  createdAt: Date;
  position: number;
};

export type NextEvents = {
  events: RelayedEvent[];
  /** Endpoints owned by their workflow; `undefined` if there are too many to list. */
  failing: ReadonlySet<EndpointId> | undefined;
};

type Values = { shard: number; epoch: number; after: number; limit: number };
type Row = { failing: EndpointId[] | null } & (RelayedEvent | { id: null });

const mostFailing = 1_000;

const next = statement<Row, Values>(
  'next_events',
  () => sql`
  with ours as (
    select nullif(array(select id from ${endpoints} where ${endpoints.deliveryOwner} = 'workflow'
      limit ${sql.raw(String(mostFailing + 1))}), '{}') as failing
    from ${dispatchCursors}
    where shard = ${sql.placeholder('shard')}::int and epoch = ${sql.placeholder('epoch')}::int)
  select ours.failing, found.id, found."merchantId", found."endpointsVersion", found.type,
    found."resourceId", found.channels, found.body, found.position, found."createdAt"
  from ours left join lateral (
    select ${events.id}, ${events.merchantId} as "merchantId",
      ${merchants.endpointsVersion}::float8 as "endpointsVersion", ${events.type},
      ${events.resourceId} as "resourceId", ${events.channels}, ${events.body},
      ${events.position}::float8, ${events.createdAt} as "createdAt"
    from ${events} join ${merchants} on ${merchants.id} = ${events.merchantId}
    where ${events.shard} = ${sql.placeholder('shard')}::int
      and ${events.position} > ${sql.placeholder('after')}::bigint
    order by ${events.position} limit ${sql.placeholder('limit')}::int) as found on true
  order by found.position`,
);

/**
 * The events of a shard after a position, in order. Positions are committed in order, so none can appear behind the
 * last one found. Undefined if another relay has taken over the shard.
 */
export async function nextEvents(runner: Runner, values: Values): Promise<NextEvents | undefined> {
  const rows = await next(runner, values);
  const [first] = rows;
  if (!first) return undefined;
  const failing = first.failing ?? [];
  return {
    events: rows.filter((row): row is Extract<Row, RelayedEvent> => row.id !== null),
    failing: failing.length > mostFailing ? undefined : new Set(failing),
  };
}
