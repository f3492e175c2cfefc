import { inArray } from 'drizzle-orm';
import type { EventType } from '../../domain/events.ts';
import { compileMatcher } from '../../domain/matching.ts';
import type { Match } from '../../domain/matching.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import type { Matchers } from '../matchers.ts';
import { endpoints } from '../schema/endpoints.ts';
import { isSliceUsed, nextSlice, workInSlices } from '../work-in-slices.ts';
import type { Endpoint } from './endpoints.ts';
import type { LockedEndpoint } from './lock-endpoints.ts';
import type { RelayedEvent } from './next-events.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

/** A delivery planned for an endpoint as it was read. */
export type PlannedDelivery = {
  delivery: OutgoingDelivery;
  /** A newer event of the same batch supersedes it. */
  isSuperseded: boolean;
  /** Sent without waiting for the endpoint's lock, so it stays the relay's whatever the lock shows. */
  isSent: boolean;
  /** Its result, if known before it is written. */
  delivered?: Delivered;
};

/** `statusCode`: null if a broker accepted it. */
export type Delivered = { attempt: number; statusCode: number | null };

/** Matches events with the cached endpoints, yielding to the event loop between steps. */
export async function matchKnown(
  db: Database,
  { batch, matchers }: { batch: readonly RelayedEvent[]; matchers: Matchers },
): Promise<PlannedDelivery[]> {
  const planned: PlannedDelivery[] = [];
  for (const event of batch) {
    if (isSliceUsed()) await nextSlice();
    const merchant = { id: event.merchantId, version: event.endpointsVersion };
    const { matches, known } = await matchers.of(db, merchant);
    const testTarget =
      event.type === testEvent ? known.get(event.resourceId as EndpointId) : undefined;
    const found = event.type === testEvent ? testOf(testTarget) : matches(event);
    const wanted = Array.isArray(found) ? found : await workInSlices(found);
    for (const match of wanted) planned.push(planOf(event, match));
  }
  return planned;
}

/**
 * Plans again what was planned for endpoints that changed, and matches the endpoints of single orders. The endpoints
 * are locked, so the rows read here stay valid.
 */
export async function matchUnknown(
  db: Pick<Database, 'select'>,
  input: {
    batch: readonly RelayedEvent[];
    planned: readonly PlannedDelivery[];
    locked: readonly LockedEndpoint[];
  },
): Promise<{ stale: ReadonlySet<PlannedDelivery>; planned: PlannedDelivery[] }> {
  const now = new Map(input.locked.map(({ id, updatedAt }) => [id, updatedAt.getTime()]));
  const unknown = new Set(now.keys());
  const stale = new Set<PlannedDelivery>();
  for (const one of input.planned) {
    const { id, updatedAt } = one.delivery.endpoint;
    if (now.get(id) === updatedAt.getTime()) unknown.delete(id);
    else stale.add(one);
  }
  for (const { delivery } of stale) unknown.add(delivery.endpoint.id);
  if (unknown.size === 0) return { stale, planned: [] };
  const rows = await db
    .select()
    .from(endpoints)
    .where(inArray(endpoints.id, [...unknown]));
  const staleOf = new Map<EndpointId, PlannedDelivery[]>();
  for (const one of stale) {
    const { id } = one.delivery.endpoint;
    const ofEndpoint = staleOf.get(id);
    if (ofEndpoint) ofEndpoint.push(one);
    else staleOf.set(id, [one]);
  }
  const planned = rows.flatMap((endpoint) => [
    ...(staleOf.get(endpoint.id) ?? []).map((one) => ({
      ...one,
      delivery: { ...one.delivery, endpoint },
    })),
    ...markSuperseded(matchesOfResource(endpoint, input.batch)),
  ]);
  return { stale, planned };
}

const testEvent: EventType = 'endpoint.test';

/** A test event goes to one endpoint, whatever its subscription. */
function testOf(endpoint: Endpoint | undefined): Match<Endpoint>[] {
  if (!endpoint) return [];
  return compileMatcher([{ ...endpoint, eventTypes: ['*'], channels: [], filter: null }])({
    type: testEvent,
    channels: [],
    body: '',
  }).map((match) => ({ ...match, subscription: endpoint }));
}

/** The endpoint of one order receives that order's events. */
function matchesOfResource(row: Endpoint, batch: readonly RelayedEvent[]): PlannedDelivery[] {
  if (row.resourceId === null) return [];
  const matches = compileMatcher([row]);
  return batch
    .filter(
      ({ merchantId, resourceId }) =>
        merchantId === row.merchantId && resourceId === row.resourceId,
    )
    .flatMap((event) => matches(event).map((match) => planOf(event, match)));
}

function planOf(event: RelayedEvent, match: Match<Endpoint>): PlannedDelivery {
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
  return { delivery, isSuperseded: false, isSent: false };
}

/** Marks all but the newest of deliveries where only the newest counts. */
export function markSuperseded(planned: PlannedDelivery[]): PlannedDelivery[] {
  const newest = new Set<string>();
  for (const one of planned.toReversed()) {
    if (!one.delivery.isLatestOnly) continue;
    const key = `${one.delivery.endpoint.id} ${one.delivery.orderKey}`;
    one.isSuperseded = newest.has(key);
    newest.add(key);
  }
  return planned;
}
