import { setTimeout as sleep } from 'node:timers/promises';
import { crashPoint } from '../../config/crash-points.ts';
import { largestWindow } from '../../domain/congestion.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../../db/database.ts';
import { takeOverDeliveries } from '../../db/queries/take-over-deliveries.ts';
import { takeOverShard } from '../../db/queries/take-over-shard.ts';
import { CallCancelled, cancelledBy } from '../../outbound/calls.ts';
import { within } from '../../outbound/within.ts';
import type { Attempter } from '../send/attempt.ts';
import { createWakeSignal } from '../../db/wake-signal.ts';
import { openFeedReader } from './feed-reader.ts';
import { createEndpointQueues } from '../queue/endpoint-queues.ts';
import { createOutcomes } from './outcomes.ts';
import { createHandoff } from './handoff.ts';

const takeLimit = 500;
// Events are taken up while less than this is on its way: memory is bounded by it.
const lowWater = 1_000;
/** How many calls to one endpoint are under way at once, at the most. */
const queueConcurrency = largestWindow;
const longestQueue = 2_000;
const takePatienceMs = 10;
const busyPressure = 64;
// How long one endpoint may keep all others from being served. A busy machine needs the better part of a
// second to carry what it has taken up to a healthy one.
const patienceMs = 3_000;
// How long a relay that ends waits for calls under way, and for the database to take down what came of them.
const drainMs = 2_000;
const longestDrainMs = 15_000;
// NOTIFY wakes the relay; this look is for the notification that was lost with its connection.
const idleLookMs = 1_000;

export type RelayProgress = { delivered: number; failed: number; onTheWay: number };

/** `written`: events without a position; `numbered`: events that have theirs. */
export type EventNews = 'written' | 'numbered';

/** `notBeforeMs`: nothing is sent to it before then, ms since the epoch; 0 where something may be. */
export type FailingEndpoint = { endpointId: EndpointId; notBeforeMs: number };

/**
 * Carries a shard's events to their endpoints: takes them up, makes the first attempts side by side,
 * writes deliveries and outcomes in batches. Runs until `signal` aborts or another relay takes the shard
 * over; what it took up and did not finish is the next one's. Throws when the database fails it.
 */
export function runRelay(input: RelayInput): Promise<'fenced' | 'stopped'> {
  const calls = new AbortController();
  // All that is sent from here on ends with it.
  return cancelledBy(calls.signal, () => relay(input, calls));
}

export type RelayInput = {
  db: Database;
  attempt: Attempter;
  shard: number;
  /** Tells of new events; returns how to stop hearing. */
  onEvents: (listener: (news: EventNews) => void) => () => void;
  /** Endpoints that are now, or still, in the care of their workflow. */
  onFailing: (failing: readonly FailingEndpoint[]) => void;
  /** Endpoints that get nothing more: they answered 410, or have failed for too long. */
  onDisabled: (endpointIds: readonly EndpointId[]) => void;
  onProgress: (progress: RelayProgress) => void;
  onWindow: (endpointId: EndpointId, window: number) => void;
  /** It has looked for events: once a second where there are none. */
  onLook?: () => void;
  /** Asks it to end: what is under way may still come to something, for a short while. */
  signal: AbortSignal;
  /** Nobody waits for it any more: what is under way is broken off. */
  cancelled: AbortSignal;
};

async function relay(input: RelayInput, calls: AbortController): Promise<'fenced' | 'stopped'> {
  const { db, shard, signal, cancelled } = input;
  const wake = createWakeSignal();
  const breakOff = () => calls.abort();
  const progress = { delivered: 0, failed: 0 };
  let failure: unknown;
  let isFenced = false;
  let fullSinceMs: number | undefined;

  const fail = (error: unknown): undefined => {
    failure ??= error;
    wake.signal();
  };

  /** A call that was broken off came to nothing that could be written: it is made again by whoever takes over. */
  const failWith = (error: unknown): undefined =>
    error instanceof CallCancelled ? undefined : fail(error);

  const reportFailing = (endpointIds: readonly EndpointId[]) =>
    input.onFailing(
      endpointIds.map((endpointId) => ({
        endpointId,
        notBeforeMs: queues.closedAs(endpointId)?.probeAtMs ?? 0,
      })),
    );

  const reportProgress = () => input.onProgress({ ...progress, onTheWay: queues.size() });

  const queues = createEndpointQueues({
    concurrency: queueConcurrency,
    longest: longestQueue,
    carry: async (delivery) => {
      // Stopping: what has not begun is for whoever takes over.
      if (signal.aborted || isFenced || failure !== undefined) return undefined;
      const outcome = await input.attempt(delivery).catch(failWith);
      crashPoint('relay.sent');
      if (!outcome) return undefined;
      if (outcome.kind === 'retry') feed.hold(outcome.endpointId);
      if (!feed.keep(delivery, outcome)) outcomes.add(outcome);
      input.onWindow(delivery.endpoint.id, queues.windowOf(delivery.endpoint.id));
      // Only a relay that was full waits for room; news wakes the others.
      if (fullSinceMs !== undefined && !queues.isFull(lowWater)) wake.signal();
      return outcome;
    },
    onHandoff: (given) => handoff.add(given),
  });

  const { epoch, position } = await takeOverShard(db, { shard });
  const feed = await openFeedReader({
    db,
    shard,
    epoch,
    position,
    limit: takeLimit,
    onReady: queues.add,
    onHandedBack: queues.reopen,
    onDelivered: (count) => {
      progress.delivered += count;
      reportProgress();
    },
    onFailing: reportFailing,
    onFenced: () => {
      isFenced = true;
      wake.signal();
    },
    onError: fail,
  });
  const handoff = createHandoff({
    db,
    feed,
    onHandedOver: reportFailing,
    onError: fail,
  });
  const outcomes = createOutcomes({
    db,
    // What a failure holds back must be in the database before the failure is.
    settled: (batch) =>
      batch.every(({ kind }) => kind === 'delivered') ? feed.writing() : feed.settled(),
    onWritten: (written) => {
      for (const { kind } of written) progress[kind === 'delivered' ? 'delivered' : 'failed']++;
      feed.release(written.flatMap((o) => (o.kind === 'retry' ? o.endpointId : [])));
      reportProgress();
    },
    closedAs: queues.closedAs,
    onFailing: reportFailing,
    onDisabled: input.onDisabled,
    onError: fail,
  });
  const stopListening = input.onEvents((news) => {
    if (news === 'written') feed.hasWritten();
    wake.signal();
  });
  signal.addEventListener('abort', wake.signal);
  cancelled.addEventListener('abort', breakOff, { once: true });
  try {
    let hasAbandoned = true;
    while (!signal.aborted && failure === undefined && !isFenced) {
      if (feed.unwritten() > 2 * lowWater) {
        await feed.settled();
        continue;
      }
      if (!queues.isFull(lowWater)) {
        if (hasAbandoned) {
          const abandoned = await takeOverDeliveries(db, { shard, epoch, limit: takeLimit });
          queues.add(abandoned);
          hasAbandoned = abandoned.length === takeLimit;
          // What comes later in the feed comes after them, where order matters.
          if (hasAbandoned) continue;
        }
        const taken = await feed.take();
        input.onLook?.();
        if (taken.kind === 'fenced') isFenced = true;
        fullSinceMs = undefined;
        if (taken.kind === 'fenced' || taken.isFull) continue;
      } else if (queues.handOffBlocked() || queues.handOffLongest(patienceMs)) {
        // Those that hang, or get more than they can take, have filled the relay: their workflows take what waits,
        // and the others go on.
        continue;
      } else {
        // One that can be through with it in time gets it.
        fullSinceMs ??= Date.now();
        if (Date.now() - fullSinceMs >= patienceMs) queues.handOffLongest(0);
      }
      await wake.wait(idleLookMs);
      // Under load a little patience makes one look of many, as for outcomes.
      if (queues.isPressed(busyPressure)) await sleep(takePatienceMs);
    }
    if (isFenced) return 'fenced';
    // One that hangs must not keep all the others of the shard from the next relay.
    const isIdle = await within(queues.idle(), { timeoutMs: drainMs, what: 'calls' }).then(
      () => true,
      () => false,
    );
    if (!isIdle) breakOff();
    const written = queues.idle().then(outcomes.flush).then(feed.settled);
    await within(written, { timeoutMs: longestDrainMs, what: 'outcomes to be written' });
    if (failure !== undefined) throw failure;
    return 'stopped';
  } finally {
    breakOff();
    queues.stop();
    handoff.stop();
    await within(feed.close(), { timeoutMs: longestDrainMs, what: 'the last write' });
    stopListening();
    signal.removeEventListener('abort', wake.signal);
    cancelled.removeEventListener('abort', breakOff);
  }
}
