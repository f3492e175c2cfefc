import { inArray, sql } from 'drizzle-orm';
import type { ClientBase } from 'pg';
import type { EventType } from '../../domain/events.ts';
import { compileMatcher } from '../../domain/matching.ts';
import type { Match } from '../../domain/matching.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Matchers } from '../matchers.ts';
import { endpoints } from '../schema/endpoints.ts';
import { statement } from '../statement.ts';
import type { Endpoint } from './endpoints.ts';
import type { ClaimedEvent } from './number-events.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

export type MatchedDelivery = {
  delivery: OutgoingDelivery;
  driver: 'relay' | 'workflow';
  /** Its workflow should look at once; a closed one looks by itself, and a nudge would only cost. */
  isNudgeable: boolean;
  /** A newer event of the same batch takes its place. */
  isSuperseded: boolean;
};

/**
 * Finds out who wants the events, as of now: what is chosen here is inserted in the same transaction,
 * before anything can change.
 */
export async function matchEndpoints({
  tx,
  db,
  batch,
  matchers,
}: {
  tx: ClientBase;
  db: Database;
  batch: readonly ClaimedEvent[];
  matchers: Matchers;
}): Promise<MatchedDelivery[]> {
  const wanted: { event: ClaimedEvent; match: Match<Endpoint> }[] = [];
  const cached = new Map<EndpointId, Endpoint>();
  for (const event of batch) {
    const merchant = { id: event.merchantId, version: event.endpointsVersion };
    const { matches, known } = await matchers.of(db, merchant);
    const tested = event.type === testEvent ? known.get(event.resourceId as EndpointId) : undefined;
    for (const match of event.type === testEvent ? testOf(tested) : matches(event)) {
      cached.set(match.subscription.id, match.subscription);
      wanted.push({ event, match });
    }
  }
  const locked = await lock(tx, {
    endpointIds: [...cached.keys()],
    resourceIds: [...new Set(batch.map(({ resourceId }) => resourceId))],
  });
  const rows = await currentRows(db, { locked, cached });
  for (const row of rows.values()) {
    for (const { event, match } of matchesOfResource(row, batch)) wanted.push({ event, match });
  }
  const now = new Map(locked.map((one) => [one.id, one]));
  const matched = wanted.flatMap(({ event, match }) => {
    const endpoint = rows.get(match.subscription.id);
    const state = now.get(match.subscription.id);
    if (!endpoint || !state || state.status === 'disabled' || state.status === 'unverified') {
      return [];
    }
    return [deliveryOf({ event, match, state, endpoint })];
  });
  markSuperseded(matched);
  return matched;
}

/**
 * Each endpoint's row as it is now. A known one that has not changed stays the same object, with all
 * that was compiled for it; what is not known, or is stale, is read: it is locked, so it stays so.
 */
async function currentRows(
  db: Database,
  { locked, cached }: { locked: readonly LockedEndpoint[]; cached: Map<EndpointId, Endpoint> },
): Promise<Map<EndpointId, Endpoint>> {
  const rows = new Map<EndpointId, Endpoint>();
  const unknown: EndpointId[] = [];
  for (const { id, updatedAt } of locked) {
    const known = cached.get(id);
    if (known && known.updatedAt.getTime() === updatedAt.getTime()) rows.set(id, known);
    else unknown.push(id);
  }
  if (unknown.length === 0) return rows;
  const read = await db.select().from(endpoints).where(inArray(endpoints.id, unknown));
  for (const row of read) rows.set(row.id, row);
  return rows;
}

const testEvent: EventType = 'endpoint.test';

/** A test is for one endpoint, whatever that has subscribed to. */
function testOf(endpoint: Endpoint | undefined): Match<Endpoint>[] {
  if (!endpoint) return [];
  return compileMatcher([{ ...endpoint, eventTypes: ['*'], channels: [], filter: null }])({
    ...{ type: testEvent, channels: [], body: '' },
  }).map((match) => ({ ...match, subscription: endpoint }));
}

type LockedEndpoint = {
  id: EndpointId;
  status: Endpoint['status'];
  driver: Endpoint['driver'];
  updatedAt: Date;
  /** When a closed endpoint is probed next, ms since the epoch; 0 for one that is open. */
  probeAtMs: number;
};

/**
 * Holds off the flip of `driver` until these deliveries are visible to whoever flips it. In the order of
 * ids, as the writers of outcomes lock them.
 */
const lock = statement<LockedEndpoint, { endpointIds: string[]; resourceIds: string[] }>(
  'lock_endpoints',
  () => sql`
  select id, status, driver, updated_at as "updatedAt",
    coalesce((congestion ->> 'probeAtMs')::float8, 0) as "probeAtMs"
  from ${endpoints}
  where id = any(${sql.placeholder('endpointIds')}::text[])
    or resource_id = any(${sql.placeholder('resourceIds')}::text[])
  order by id for share`,
);

/** The endpoint of one order hears that order's events. */
function matchesOfResource(row: Endpoint, batch: readonly ClaimedEvent[]) {
  if (row.resourceId === null) return [];
  const matches = compileMatcher([row]);
  return batch
    .filter(
      ({ merchantId, resourceId }) =>
        merchantId === row.merchantId && resourceId === row.resourceId,
    )
    .flatMap((event) => matches(event).map((match) => ({ event, match })));
}

function deliveryOf(input: {
  event: ClaimedEvent;
  match: Match<Endpoint>;
  state: LockedEndpoint;
  endpoint: Endpoint;
}): MatchedDelivery {
  const { event, match, state, endpoint } = input;
  const { ttlSeconds, isLatestOnly } = match;
  return {
    delivery: {
      eventId: event.id,
      type: event.type,
      resourceId: event.resourceId,
      occurredAt: event.createdAt,
      body: event.body,
      position: event.position,
      priority: match.priority,
      orderKey: match.isOrdered || isLatestOnly ? event.resourceId : null,
      isLatestOnly,
      expiresAt: ttlSeconds === undefined ? null : new Date(Date.now() + ttlSeconds * 1_000),
      attempts: 0,
      endpoint,
    },
    driver: state.status === 'enabled' ? state.driver : 'workflow',
    isNudgeable: state.status === 'enabled' && state.probeAtMs <= Date.now(),
    isSuperseded: false,
  };
}

function markSuperseded(matched: readonly MatchedDelivery[]): void {
  const newest = new Set<string>();
  for (const one of matched.toReversed()) {
    if (!one.delivery.isLatestOnly) continue;
    const key = `${one.delivery.endpoint.id} ${one.delivery.orderKey}`;
    one.isSuperseded = newest.has(key);
    newest.add(key);
  }
}
