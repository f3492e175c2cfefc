import type { PoolClient } from 'pg';
import { createMatchers } from '../../db/matchers.ts';
import type { Database } from '../../db/database.ts';
import { resetEndpointFailures } from '../../db/queries/reset-endpoint-failures.ts';
import { matchKnown } from '../../db/queries/match-endpoints.ts';
import type { PlannedDelivery } from '../../db/queries/match-endpoints.ts';
import { nextEvents } from '../../db/queries/next-events.ts';
import type { NextEvents, RelayedEvent } from '../../db/queries/next-events.ts';
import { numberEvents } from '../../db/queries/number-events.ts';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { writeDeliveries } from '../../db/queries/write-deliveries.ts';
import { isPlatformEvent } from '../../domain/events.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createUnpositionedScan } from './unpositioned-scan.ts';

// Outcomes are not urgent: a short delay combines many into one transaction, and writes each delivery's row once, with
// its outcome.
const batchDelayMs = 20;
// After this time a delivery is written without its outcome, so that it is visible as pending.
const longestDelayMs = 250;
// The most deliveries that are kept in memory to save statements.
const mostOpen = 3_000;

export type FeedReader = {
  /** There are events without a position. */
  hasWritten(): void;
  /**
   * Reads the next events of the feed. Deliveries that can be sent at once go to `onReady` at once, the others after
   * they are written.
   */
  take(): Promise<{ kind: 'taken'; isFull: boolean } | { kind: 'fenced' }>;
  /** Writes an outcome together with its delivery. False if the delivery is written already, or being written. */
  keep(delivery: OutgoingDelivery, outcome: AttemptOutcome): boolean;
  /** A workflow is about to take over the endpoint: nothing more is sent to it until that is written. */
  hold(endpointId: EndpointId): void;
  /** The handover is written. */
  release(endpointIds: readonly EndpointId[]): void;
  /** The number of events read but not written. */
  unwritten(): number;
  /** Resolves when the current write has succeeded or failed. */
  writing(): Promise<void>;
  /** Resolves when everything read so far is written, or its write has failed. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

/** Events whose deliveries are not written yet, in the order of the feed. */
type FeedBatch = {
  events: RelayedEvent[];
  planned: Map<OutgoingDelivery, PlannedDelivery>;
};

/**
 * Reads a shard's events from `position` on and plans their deliveries. After a crash, the next relay starts after the
 * last event whose deliveries were written, and may send deliveries again that were sent but not written. Uses a
 * connection each for reading and writing. `onError` receives all failures.
 */
export async function openFeedReader(input: {
  db: Database;
  shard: number;
  epoch: number;
  position: number;
  limit: number;
  onReady: (deliveries: readonly OutgoingDelivery[]) => void;
  /** A workflow has handed an endpoint back, and new deliveries are the relay's again. */
  onHandedBack: (endpointId: EndpointId) => void;
  /** That many deliveries were written as delivered. */
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
  /** Endpoints owned by their workflow at the last read. */
  let failingBefore: NextEvents['failing'];
  let cursor = input.position;
  let hasUnnumbered = true;
  let open: FeedBatch = { events: [], planned: new Map() };
  let underWay: FeedBatch | undefined;
  /** Endpoints with deliveries that must be written before they are sent, so all later ones must be too. */
  const waiting = new Map<EndpointId, number>();
  /** The last position with a known but unwritten outcome. */
  let known = 0;
  /** Something waits for a write. */
  let isUrgent = false;
  let writing: Promise<void> | undefined;
  let soon: NodeJS.Timeout | undefined;
  let late: NodeJS.Timeout | undefined;
  let isOver = false;

  const fail = (error: unknown): void => {
    isOver = true;
    input.onError(error);
  };
  // A connection that breaks between two statements would otherwise end the process.
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

  /** True if the delivery may be sent before its row is written and its endpoint locked. */
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
    // The platform's own events may go to endpoints that only the locked rows show.
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
      // Deliveries of a workflow are not urgent.
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
    if (known > 0) soon ??= setTimeout(() => void write(known), batchDelayMs);
    late ??= setTimeout(() => void write(Infinity), longestDelayMs);
  }

  /** Writes up to a position. */
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
    const { ready, toSignal, recovered, committed } = written;
    const isAfterCommit = ready.some(({ isAtMostOnce }) => isAtMostOnce);
    // Sent before the commit, it would be sent again if the commit fails.
    if (isAfterCommit) await committed;
    for (const { isSent, delivery } of planned)
      if (!isSent) count(waiting, delivery.endpoint.id, -1);
    input.onReady(ready);
    await committed;
    if (delivered.length > 0) input.onDelivered(delivered.length);
    if (toSignal.length > 0) input.onFailing(toSignal);
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
      // Reads from here on show the current owners.
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
        // Closed instead of reused, because it has its own settings.
        client.release(true);
      }
    },
  };
}

/** Counts per endpoint; zero removes the entry. */
function count(counts: Map<EndpointId, number>, endpointId: EndpointId, change: 1 | -1): void {
  const next = (counts.get(endpointId) ?? 0) + change;
  if (next > 0) counts.set(endpointId, next);
  else counts.delete(endpointId);
}

/**
 * A connection whose statements are planned once, with indexes: a plan made while the tables were empty must still work
 * when they are full.
 */
async function connectFor(db: Database): Promise<PoolClient> {
  const client = await db.$client.connect();
  await client.query('set plan_cache_mode = force_generic_plan; set enable_seqscan = off');
  return client;
}
