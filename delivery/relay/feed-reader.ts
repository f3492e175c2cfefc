import type { PoolClient } from 'pg';
import { createMatchers } from '../../db/matchers.ts';
import type { Database } from '../../db/database.ts';
import { resetEndpointFailures } from '../../db/queries/reset-endpoint-failures.ts';
import { matchKnown } from '../../db/queries/match-endpoints.ts';
import type { PlannedDelivery } from '../../db/queries/match-endpoints.ts';
import { nextEvents } from '../../db/queries/next-events.ts';
import type { NextEvents, TakenEvent } from '../../db/queries/next-events.ts';
import { numberEvents } from '../../db/queries/number-events.ts';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { writeDeliveries } from '../../db/queries/write-deliveries.ts';
import { isPlatformEvent } from '../../domain/events.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createUnpositionedScan } from './unpositioned-scan.ts';

// Nobody waits for what came of a delivery: a little patience makes one transaction of many. It and the
// delivery are one row, written once.
const patienceMs = 20;
// What has not been sent by then is written without an outcome, so that it is seen to wait.
const longestWaitMs = 250;
// More than this is not kept in memory for the sake of fewer statements.
const mostOpen = 3_000;

export type FeedReader = {
  /** There are events without a position. */
  hasWritten(): void;
  /**
   * Takes the next events of the feed up. What can be sent at once goes to `onReady` at once, the rest when
   * it is written.
   */
  take(): Promise<{ kind: 'taken'; isFull: boolean } | { kind: 'fenced' }>;
  /** Writes what came of a delivery together with it. False where that is written already, or being written. */
  keep(delivery: OutgoingDelivery, outcome: AttemptOutcome): boolean;
  /** Its workflow is about to take an endpoint over: nothing more is sent to it until that is written. */
  hold(endpointId: EndpointId): void;
  /** It is written. */
  release(endpointIds: readonly EndpointId[]): void;
  /** Events that are taken up and not written. */
  unwritten(): number;
  /** Resolves when what is being written is, or is known not to be. */
  writing(): Promise<void>;
  /** Resolves when all that was taken up to now is written, or is known not to be. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

/** Events whose deliveries are not written yet, in the order of the feed. */
type FeedBatch = {
  events: TakenEvent[];
  planned: Map<OutgoingDelivery, PlannedDelivery>;
};

/**
 * A shard's events on their way to the queues, from `position` on. Whatever dies, the next relay begins
 * behind the last event whose deliveries were written, and may send again what had only been sent. A
 * connection of its own each for reading and for writing. `onError` hears of all that fails.
 */
export async function openFeedReader(input: {
  db: Database;
  shard: number;
  epoch: number;
  position: number;
  limit: number;
  onReady: (deliveries: readonly OutgoingDelivery[]) => void;
  /** Its workflow had an endpoint in its care, and what comes now is the relay's again. */
  onHandedBack: (endpointId: EndpointId) => void;
  /** So many were written as delivered, together with their deliveries. */
  onDelivered: (count: number) => void;
  onFailing: (endpointIds: readonly EndpointId[]) => void;
  onFenced: () => void;
  onError: (error: unknown) => void;
}): Promise<FeedReader> {
  const { db, shard, epoch, limit } = input;
  const matchers = createMatchers();
  const scan = createUnpositionedScan();
  const [reader, writer] = await Promise.all([connectFor(db), connectFor(db)]);
  const held = new Map<EndpointId, number>();
  const released: EndpointId[] = [];
  /** Endpoints that were their workflow's at the last look. */
  let failingBefore: NextEvents['failing'];
  let cursor = input.position;
  let hasUnnumbered = true;
  let open: FeedBatch = { events: [], planned: new Map() };
  let underWay: FeedBatch | undefined;
  /** Endpoints for which something is written before it is sent, and so all that comes after it. */
  const waiting = new Map<EndpointId, number>();
  /** The last position whose outcome is known, and of which nothing is written. */
  let known = 0;
  /** Somebody waits for something to be written. */
  let isUrgent = false;
  let writing: Promise<void> | undefined;
  let soon: NodeJS.Timeout | undefined;
  let late: NodeJS.Timeout | undefined;
  let isOver = false;

  const fail = (error: unknown): void => {
    isOver = true;
    input.onError(error);
  };
  // Unheard, a connection that breaks between two statements would end the process.
  for (const client of [reader, writer]) client.on('error', fail);

  async function number(): Promise<boolean> {
    if (!hasUnnumbered && !scan.isDue()) return false;
    hasUnnumbered = false;
    const afterSeq = scan.afterSeq();
    const { count, lastSeq } = await numberEvents(reader, { shard, limit, afterSeq });
    scan.seen({ afterSeq, lastSeq });
    hasUnnumbered ||= count === limit;
    return hasUnnumbered;
  }

  /** Whether it may go before its row is written and its endpoint locked. */
  function canBeSent({ delivery }: PlannedDelivery, { failing }: NextEvents): boolean {
    const { endpoint, isLatestOnly, isAtMostOnce } = delivery;
    return (
      endpoint.status === 'enabled' &&
      failing?.has(endpoint.id) === false &&
      !held.has(endpoint.id) &&
      !isLatestOnly &&
      !isAtMostOnce &&
      !waiting.has(endpoint.id)
    );
  }

  function plan(planned: readonly PlannedDelivery[], found: NextEvents): OutgoingDelivery[] {
    const ready: OutgoingDelivery[] = [];
    // An event of the platform's own may have an endpoint that only the lock shows.
    isUrgent ||= found.events.some(({ type }) => isPlatformEvent(type));
    for (const one of planned) {
      const { delivery } = one;
      const { id } = delivery.endpoint;
      one.isSent = canBeSent(one, found);
      if (one.isSent) {
        ready.push(delivery);
        continue;
      }
      count(waiting, id, 1);
      // What is its workflow's is in no hurry.
      isUrgent ||= found.failing?.has(id) === false;
    }
    for (const one of planned) open.planned.set(one.delivery, one);
    open.events.push(...found.events);
    writeInTime();
    return ready;
  }

  function writeInTime(): void {
    if (isOver || writing || open.events.length === 0) return;
    if (isUrgent || open.planned.size >= mostOpen) return void write(Infinity);
    if (known > 0) soon ??= setTimeout(() => void write(known), patienceMs);
    late ??= setTimeout(() => void write(Infinity), longestWaitMs);
  }

  /** Up to a position. */
  function write(through: number): Promise<void> {
    writing ??= writeOpen(through)
      .catch(fail)
      .finally(() => {
        writing = undefined;
        underWay = undefined;
        writeInTime();
      });
    return writing;
  }

  function takeBatch(through: number): FeedBatch {
    for (const timer of [soon, late]) clearTimeout(timer);
    soon = late = undefined;
    known = 0;
    const isTaken = ({ position }: { position: number }) => position <= through;
    const events = open.events.filter(isTaken);
    const planned = [...open.planned];
    const taken = planned.filter(([delivery]) => isTaken(delivery));
    open = {
      events: open.events.slice(events.length),
      planned: new Map(planned.slice(taken.length)),
    };
    if (open.events.length === 0) isUrgent = false;
    return { events, planned: new Map(taken) };
  }

  async function writeOpen(through: number): Promise<void> {
    underWay = takeBatch(through);
    const batch = underWay.events;
    const planned = [...underWay.planned.values()];
    if (batch.length === 0) return;
    const delivered = planned.filter((one) => one.delivered);
    const written = await writeDeliveries(writer, { shard, epoch, batch, planned });
    if (written.kind === 'fenced') {
      isOver = true;
      input.onFenced();
      return;
    }
    const { ready, nudged, recovered, committed } = written;
    const isHeld = ready.some(({ isAtMostOnce }) => isAtMostOnce);
    // Sent before the commit, it would be sent again if that fails.
    if (isHeld) await committed;
    for (const { isSent, delivery } of planned)
      if (!isSent) count(waiting, delivery.endpoint.id, -1);
    input.onReady(ready);
    await committed;
    if (delivered.length > 0) input.onDelivered(delivered.length);
    if (nudged.length > 0) input.onFailing(nudged);
    if (recovered.length > 0) await resetEndpointFailures(db, { endpoints: recovered });
  }

  async function settled(): Promise<void> {
    const position = open.events.at(-1)?.position;
    await writing;
    while (
      !isOver &&
      position !== undefined &&
      (open.events[0]?.position ?? Infinity) <= position
    ) {
      await write(Infinity);
    }
  }

  return {
    hasWritten() {
      hasUnnumbered = true;
    },
    async take() {
      // What is read from here on shows whose they are now.
      const releasedNow = released.splice(0);
      for (const id of releasedNow) count(held, id, -1);
      const isMoreUnnumbered = await number();
      const found = await nextEvents(reader, { shard, epoch, after: cursor, limit });
      if (!found) return { kind: 'fenced' };
      for (const id of new Set([...(failingBefore ?? []), ...releasedNow])) {
        if (found.failing?.has(id) === false && !held.has(id)) input.onHandedBack(id);
      }
      failingBefore = found.failing;
      const { events } = found;
      if (events.length > 0) {
        const planned = await matchKnown(db, { batch: events, matchers });
        cursor = events.at(-1)!.position;
        input.onReady(plan(planned, found));
      }
      return { kind: 'taken', isFull: isMoreUnnumbered || events.length === limit };
    },
    keep(delivery, outcome) {
      const one = outcome.kind === 'delivered' && open.planned.get(delivery);
      if (!one) return false;
      one.delivered = outcome;
      known = Math.max(known, delivery.position);
      writeInTime();
      return true;
    },
    hold: (endpointId) => count(held, endpointId, 1),
    release(endpointIds) {
      released.push(...endpointIds);
    },
    unwritten: () => open.events.length + (underWay?.events.length ?? 0),
    writing: async () => writing,
    settled,
    async close() {
      await settled();
      isOver = true;
      for (const timer of [soon, late]) clearTimeout(timer);
      for (const client of [reader, writer]) {
        client.off('error', fail);
        // Not for others: it has settings of its own.
        client.release(true);
      }
    },
  };
}

/** Counts what an endpoint is kept from; none is no entry. */
function count(counts: Map<EndpointId, number>, endpointId: EndpointId, change: 1 | -1): void {
  const next = (counts.get(endpointId) ?? 0) + change;
  if (next > 0) counts.set(endpointId, next);
  else counts.delete(endpointId);
}

/**
 * A connection on which statements are planned once and by their indexes: a plan that was made while the
 * tables were empty must serve when they are full.
 */
async function connectFor(db: Database): Promise<PoolClient> {
  const client = await db.$client.connect();
  await client.query('set plan_cache_mode = force_generic_plan; set enable_seqscan = off');
  return client;
}
