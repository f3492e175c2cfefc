import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { array } from '../placeholders.ts';
import { endpointMinutes } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';

/** The deliveries to one endpoint since the last count; `minute` is its start. */
export type TrafficCount = Omit<typeof endpointMinutes.$inferInsert, 'endpointId'> & {
  endpointId: EndpointId;
};

const add = statement(
  'add_traffic',
  () => sql`
  insert into ${endpointMinutes} (${bare(
    endpointMinutes.endpointId,
    endpointMinutes.minute,
    endpointMinutes.sent,
    endpointMinutes.delivered,
    endpointMinutes.waitingMs,
    endpointMinutes.transferMs,
    endpointMinutes.window,
  )})
  select endpoint_id, minute, sent, delivered, waiting_ms, transfer_ms, "window"
  from unnest(${array('endpointIds', 'text')}, ${array('minutes', 'timestamptz')},
    ${array('sent', 'int')}, ${array('delivered', 'int')}, ${array('waitingMs', 'bigint')},
    ${array('transferMs', 'bigint')}, ${array('windows', 'float8')})
    as added(endpoint_id, minute, sent, delivered, waiting_ms, transfer_ms, "window")
  on conflict (endpoint_id, minute) do update set sent = endpoint_minutes.sent + excluded.sent,
    delivered = endpoint_minutes.delivered + excluded.delivered,
    waiting_ms = endpoint_minutes.waiting_ms + excluded.waiting_ms,
    transfer_ms = endpoint_minutes.transfer_ms + excluded.transfer_ms, "window" = excluded."window"`,
);

/** Adds to the minutes of endpoints, one count per endpoint and minute, in one statement. */
export async function addTraffic(db: Database, counts: readonly TrafficCount[]): Promise<void> {
  // In a fixed order, so that concurrent calls cannot deadlock.
  const ordered = counts.toSorted((a, b) => (a.endpointId < b.endpointId ? -1 : 1));
  await add(db, {
    endpointIds: ordered.map(({ endpointId }) => endpointId),
    minutes: ordered.map(({ minute }) => minute),
    sent: ordered.map(({ sent }) => sent),
    delivered: ordered.map(({ delivered }) => delivered),
    waitingMs: ordered.map(({ waitingMs }) => Math.round(waitingMs)),
    transferMs: ordered.map(({ transferMs }) => Math.round(transferMs)),
    windows: ordered.map(({ window }) => window),
  });
}
