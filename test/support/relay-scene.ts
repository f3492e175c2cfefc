import { setImmediate as turn } from 'node:timers/promises';
import { asc, eq } from 'drizzle-orm';
import { openDatabase } from '../../db/database.ts';
import type { Database } from '../../db/database.ts';
import { insertMerchant } from '../../db/queries/merchants.ts';
import { newEvent } from '../../db/queries/new-event.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import { deliveries, endpoints, events } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import type { EndpointId, EventId, MerchantId } from '../../domain/ids.ts';
import type { Attempter } from '../../delivery/send/attempt.ts';
import { runRelay } from '../../delivery/relay/relay.ts';
import { ownDatabase } from './own-database.ts';

/** A database with endpoints and events, and relays over it that a test runs by hand. No Temporal. */
export type RelayScene = {
  db: Database;
  /** For what a test must do outside the pool, such as a transaction it keeps open. */
  url: string;
  newEndpoint(
    settings?: Partial<typeof endpoints.$inferInsert>,
  ): Promise<{ id: EndpointId; merchantId: MerchantId }>;
  addEvents(
    merchantId: MerchantId,
    count: number,
    like?: Partial<typeof events.$inferInsert>,
  ): Promise<EventId[]>;
  startRelay(attempt: Attempter): RunningRelay;
  /** An endpoint that answers when the test lets it. */
  heldAttempts(): HeldAttempts;
  /** What became of each delivery to an endpoint, in the order of the feed. */
  deliveriesTo(endpointId: EndpointId): Promise<(typeof deliveries.$inferSelect)[]>;
  close(): Promise<void>;
};

export type RunningRelay = {
  ended: Promise<'fenced' | 'stopped'>;
  failing: EndpointId[];
  /** When what is failing may be tried again, as it was said last; ms since the epoch. */
  notBeforeMs: Map<EndpointId, number>;
  /** Wakes it, as PostgreSQL's NOTIFY would. */
  wake(): void;
  stop(): Promise<'fenced' | 'stopped'>;
};

const shard = 0;

export async function openRelayScene(): Promise<RelayScene> {
  const database = await ownDatabase();
  const { db, close } = openDatabase({ url: database.url, maxConnections: 10, onError: () => {} });
  const relays: RunningRelay[] = [];
  const allHeld: HeldAttempts[] = [];
  return {
    db,
    url: database.url,
    async newEndpoint(settings = {}) {
      const owner =
        settings.merchantId ?? (await insertMerchant(db, { name: 'Relayed', shard })).id;
      const id = newId('endpoint');
      await db.insert(endpoints).values({
        id,
        merchantId: owner,
        url: `https://shop.example/${id}`,
        eventTypes: ['*'],
        sealedSecret: '',
        ...settings,
      });
      return { id, merchantId: owner };
    },
    async addEvents(merchantId, count, like = {}) {
      const added = Array.from({ length: count }, (_, number) => ({
        ...eventOf(merchantId, number),
        ...like,
      }));
      for (let from = 0; from < count; from += 1_000) {
        await db.insert(events).values(added.slice(from, from + 1_000));
      }
      return added.map(({ id }) => id);
    },
    startRelay(attempt) {
      const relay = startRelay(db, attempt);
      relays.push(relay);
      return relay;
    },
    heldAttempts() {
      const held = heldAttempts();
      allHeld.push(held);
      return held;
    },
    deliveriesTo: async (endpointId) => {
      const rows = await db
        .select({ delivery: deliveries })
        .from(deliveries)
        .innerJoin(events, eq(events.id, deliveries.eventId))
        .where(eq(deliveries.endpointId, endpointId))
        .orderBy(asc(events.position));
      return rows.map(({ delivery }) => delivery);
    },
    async close() {
      const stopped = Promise.all(relays.map((relay) => relay.stop().catch(() => {})));
      await Promise.all(allHeld.map((held) => held.releaseAll()));
      await stopped;
      await close();
      await database.drop();
    },
  };
}

/** An event as a state change would write it. */
export function eventOf(merchantId: MerchantId, number: number) {
  return newEvent({
    merchantId,
    shard,
    type: 'order.created',
    resourceId: `ord_${number}`,
    data: { number },
    at: new Date(),
  });
}

function startRelay(db: Database, attempt: Attempter): RunningRelay {
  const stopping = new AbortController();
  const cancelling = new AbortController();
  const failing: EndpointId[] = [];
  const notBeforeMs = new Map<EndpointId, number>();
  let wake = () => {};
  const ended = runRelay({
    db,
    attempt,
    shard,
    signal: stopping.signal,
    cancelled: cancelling.signal,
    onEvents: (listener) => {
      wake = () => listener('written');
      return () => {};
    },
    onFailing: (all) => {
      for (const one of all) {
        failing.push(one.endpointId);
        notBeforeMs.set(one.endpointId, one.notBeforeMs);
      }
    },
    onDisabled: () => {},
    onProgress: () => {},
    onWindow: () => {},
  });
  // A test that ends before it does is told by its own wait.
  ended.catch(() => {});
  return {
    ended,
    failing,
    notBeforeMs,
    wake: () => wake(),
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}

export type HeldAttempts = {
  /** Every attempt, in the order of their beginning. */
  begun: EventId[];
  attempt: Attempter;
  /** Answers all that hang with 204, and waits until that was heard. */
  releaseAll(): Promise<void>;
};

function heldAttempts(): HeldAttempts {
  const begun: EventId[] = [];
  const held: { delivery: OutgoingDelivery; end: (outcome: AttemptOutcome) => void }[] = [];
  return {
    begun,
    attempt: (delivery: OutgoingDelivery) => {
      begun.push(delivery.eventId);
      return new Promise<AttemptOutcome>((end) => held.push({ delivery, end }));
    },
    async releaseAll() {
      for (const { delivery, end } of held.splice(0)) end(deliveredOutcome(delivery));
      await turn();
    },
  };
}

export function deliveredOutcome({ eventId, endpoint, attempts }: OutgoingDelivery) {
  return {
    eventId,
    endpointId: endpoint.id,
    attempt: attempts + 1,
    kind: 'delivered',
    statusCode: 204,
  } as const;
}

export function failedOutcome(
  { eventId, endpoint, attempts }: OutgoingDelivery,
  { delayMs = 5_000 }: { delayMs?: number } = {},
) {
  return {
    eventId,
    endpointId: endpoint.id,
    attempt: attempts + 1,
    delayMs,
    kind: 'retry',
    statusCode: 500,
    error: null,
    responseBody: 'sorry',
    responseHeaders: null,
    durationMs: 3,
    startedAt: new Date(),
  } as const;
}
