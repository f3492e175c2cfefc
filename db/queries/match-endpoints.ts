import { inArray } from 'drizzle-orm';
import type { EventType } from '../../domain/events.ts';
import { compileMatcher } from '../../domain/matching.ts';
import type { Match } from '../../domain/matching.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Matchers } from '../matchers.ts';
import { endpoints } from '../schema/endpoints.ts';
import type { Endpoint } from './endpoints.ts';
import type { ClaimedEvent } from './number-events.ts';
import type { LockedEndpoint } from './lock-endpoints.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

/** What an endpoint is to be sent, the endpoint as it was seen. */
export type PlannedDelivery = {
  delivery: OutgoingDelivery;
  /** A newer event of the same batch takes its place. */
  isSuperseded: boolean;
};

/** Who wants the events, by what is remembered of the endpoints. */
export async function matchKnown(
  db: Database,
  { batch, matchers }: { batch: readonly ClaimedEvent[]; matchers: Matchers },
): Promise<PlannedDelivery[]> {
  const planned: PlannedDelivery[] = [];
  for (const event of batch) {
    const merchant = { id: event.merchantId, version: event.endpointsVersion };
    const { matches, known } = await matchers.of(db, merchant);
    const tested = event.type === testEvent ? known.get(event.resourceId as EndpointId) : undefined;
    for (const match of event.type === testEvent ? testOf(tested) : matches(event)) {
      planned.push(planOf(event, match));
    }
  }
  return markSuperseded(planned);
}

/**
 * What was planned for endpoints that are no longer as they were seen, planned again, and what the
 * endpoints of single orders want. They are locked, so what is read here stays as it is.
 */
export async function matchUnknown(
  db: Database,
  input: {
    batch: readonly ClaimedEvent[];
    planned: readonly PlannedDelivery[];
    locked: readonly LockedEndpoint[];
  },
): Promise<PlannedDelivery[]> {
  const seen = new Map(
    input.planned.map(({ delivery: { endpoint } }) => [endpoint.id, endpoint.updatedAt.getTime()]),
  );
  const ids = input.locked
    .filter(({ id, updatedAt }) => seen.get(id) !== updatedAt.getTime())
    .map(({ id }) => id);
  if (ids.length === 0) return [];
  const rows = await db.select().from(endpoints).where(inArray(endpoints.id, ids));
  return rows.flatMap((endpoint) => [
    ...input.planned
      .filter(({ delivery }) => delivery.endpoint.id === endpoint.id)
      .map((one) => ({ ...one, delivery: { ...one.delivery, endpoint } })),
    ...markSuperseded(matchesOfResource(endpoint, input.batch)),
  ]);
}

const testEvent: EventType = 'endpoint.test';

/** A test is for one endpoint, whatever that has subscribed to. */
function testOf(endpoint: Endpoint | undefined): Match<Endpoint>[] {
  if (!endpoint) return [];
  return compileMatcher([{ ...endpoint, eventTypes: ['*'], channels: [], filter: null }])({
    ...{ type: testEvent, channels: [], body: '' },
  }).map((match) => ({ ...match, subscription: endpoint }));
}

/** The endpoint of one order hears that order's events. */
function matchesOfResource(row: Endpoint, batch: readonly ClaimedEvent[]): PlannedDelivery[] {
  if (row.resourceId === null) return [];
  const matches = compileMatcher([row]);
  return batch
    .filter(
      ({ merchantId, resourceId }) =>
        merchantId === row.merchantId && resourceId === row.resourceId,
    )
    .flatMap((event) => matches(event).map((match) => planOf(event, match)));
}

function planOf(event: ClaimedEvent, match: Match<Endpoint>): PlannedDelivery {
  const { ttlSeconds, isLatestOnly, subscription: endpoint } = match;
  const delivery = {
    eventId: event.id,
    type: event.type,
    resourceId: event.resourceId,
    occurredAt: event.createdAt,
    body: event.body,
    position: event.position,
    priority: match.priority,
    orderKey: match.isOrdered || isLatestOnly ? event.resourceId : null,
    isLatestOnly,
    isAtMostOnce: match.isAtMostOnce,
    expiresAt: ttlSeconds === undefined ? null : new Date(Date.now() + ttlSeconds * 1_000),
    attempts: 0,
    endpoint,
  };
  return { delivery, isSuperseded: false };
}

function markSuperseded(planned: PlannedDelivery[]): PlannedDelivery[] {
  const newest = new Set<string>();
  for (const one of planned.toReversed()) {
    if (!one.delivery.isLatestOnly) continue;
    const key = `${one.delivery.endpoint.id} ${one.delivery.orderKey}`;
    one.isSuperseded = newest.has(key);
    newest.add(key);
  }
  return planned;
}
