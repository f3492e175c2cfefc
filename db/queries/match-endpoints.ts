import { asc, or, sql } from 'drizzle-orm';
import type { EventType } from '../../domain/events.ts';
import { compileMatcher } from '../../domain/matching.ts';
import type { Match } from '../../domain/matching.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Matchers } from '../matchers.ts';
import { endpoints } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';
import type { Endpoint } from './endpoints.ts';
import type { ClaimedEvent } from './number-events.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

export type MatchedDelivery = {
  delivery: OutgoingDelivery;
  driver: 'relay' | 'workflow';
  /** A newer event of the same batch takes its place. */
  isSuperseded: boolean;
};

/** Finds out who wants the events, as of now: what is chosen here is inserted before anything can change. */
export async function matchEndpoints(
  tx: Transaction,
  { batch, matchers }: { batch: readonly ClaimedEvent[]; matchers: Matchers },
): Promise<MatchedDelivery[]> {
  const wanted: { event: ClaimedEvent; match: Match<Endpoint> }[] = [];
  const cached = new Map<EndpointId, Endpoint>();
  for (const event of batch) {
    const merchant = { id: event.merchantId, version: event.endpointsVersion };
    const { matches, known } = await matchers.of(tx, merchant);
    const tested = event.type === testEvent ? known.get(event.resourceId as EndpointId) : undefined;
    for (const match of event.type === testEvent ? testOf(tested) : matches(event)) {
      cached.set(match.subscription.id, match.subscription);
      wanted.push({ event, match });
    }
  }
  const locked = await lockEndpoints(tx, {
    endpointIds: [...cached.keys()],
    resourceIds: [...new Set(batch.map(({ resourceId }) => resourceId))],
  });
  for (const { event, match } of locked.flatMap((row) => matchesOfResource(row, batch)))
    wanted.push({ event, match });
  const current = new Map(locked.map((row) => [row.id, row]));
  const matched = wanted.flatMap(({ event, match }) => {
    const row = current.get(match.subscription.id);
    if (!row || row.status === 'disabled' || row.status === 'unverified') return [];
    // The known object as long as it is true: what was compiled for it is kept by it.
    const isKnown = match.subscription.updatedAt.getTime() === row.updatedAt.getTime();
    return [deliveryOf({ event, match, row, endpoint: isKnown ? match.subscription : row })];
  });
  markSuperseded(matched);
  return matched;
}

const testEvent: EventType = 'endpoint.test';

/** A test is for one endpoint, whatever that has subscribed to. */
function testOf(endpoint: Endpoint | undefined): Match<Endpoint>[] {
  if (!endpoint) return [];
  return compileMatcher([{ ...endpoint, eventTypes: ['*'], channels: [], filter: null }])({
    ...{ type: testEvent, channels: [], body: '' },
  }).map((match) => ({ ...match, subscription: endpoint }));
}

/** Holds off the flip of `driver` until these deliveries are visible to whoever flips it. */
function lockEndpoints(
  tx: Transaction,
  { endpointIds, resourceIds }: { endpointIds: EndpointId[]; resourceIds: string[] },
): Promise<Endpoint[]> {
  return (
    tx
      .select()
      .from(endpoints)
      .where(
        or(
          sql`${endpoints.id} = any(${sql.param(endpointIds)}::text[])`,
          sql`${endpoints.resourceId} = any(${sql.param(resourceIds)}::text[])`,
        ),
      )
      // In the order of ids, as the writers of outcomes lock them.
      .orderBy(asc(endpoints.id))
      .for('share')
  );
}

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
  row: Endpoint;
  endpoint: Endpoint;
}): MatchedDelivery {
  const { event, match, row, endpoint } = input;
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
    driver: row.status === 'enabled' ? row.driver : 'workflow',
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
