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
// Events are read while fewer deliveries than this are waiting or in flight, which bounds the memory.
const lowWater = 1_000;
/** The most concurrent calls to one endpoint. */
const queueConcurrency = largestWindow;
const longestQueue = 2_000;
const readDelayMs = 10;
const busyPressure = 64;
// How long one endpoint may block all others. A busy machine needs most of a second to deliver a batch to a healthy
// one.
const longestBlockMs = 3_000;
// How long a stopping relay waits for calls in flight, and for the database to store their outcomes.
const drainMs = 2_000;
const longestDrainMs = 15_000;
// NOTIFY wakes the relay; this poll covers notifications lost with their connection.
const idlePollMs = 1_000;

export type RelayProgress = { delivered: number; failed: number; onTheWay: number };

/** `written`: events without a position; `numbered`: events that have theirs. */
export type EventNews = 'written' | 'numbered';

/** `notBeforeMs`: nothing is sent before then, ms since the epoch; 0 if calls may be made. */
export type FailingEndpoint = { endpointId: EndpointId; notBeforeMs: number };

/**
 * Delivers a shard's events to their endpoints: reads them, makes the first attempts concurrently, and writes
 * deliveries and outcomes in batches. Runs until `signal` aborts or another relay takes over the shard, which then
 * takes over unfinished work. Throws if the database fails.
 */
export function runRelay(input: RelayInput): Promise<'fenced' | 'stopped'> {
  const calls = new AbortController();
  // Aborts all calls made from here on.
  return cancelledBy(calls.signal, () => relay(input, calls));
}

export type RelayInput = {
  db: Database;
  attempt: Attempter;
  shard: number;
  /** Subscribes to new events; returns the unsubscribe function. */
  onEvents: (listener: (news: EventNews) => void) => () => void;
  /** Endpoints now, or still, owned by their workflow. */
  onFailing: (failing: readonly FailingEndpoint[]) => void;
  /** Endpoints that were disabled: they answered 410, or have failed for too long. */
  onDisabled: (endpointIds: readonly EndpointId[]) => void;
  onProgress: (progress: RelayProgress) => void;
  onWindow: (endpointId: EndpointId, window: number) => void;
  /** Called after each read of the feed: once a second if there are no events. */
  onLook?: () => void;
  /** Asks the relay to stop: calls in flight may still finish, for a short while. */
  signal: AbortSignal;
  /** Aborts the calls in flight. */
  cancelled: AbortSignal;
};

async function relay(input: RelayInput, calls: AbortController): Promise<'fenced' | 'stopped'> {
  const { db, shard, signal, cancelled } = input;
  const wake = createWakeSignal();
  const abortCalls = () => calls.abort();
  const progress = { delivered: 0, failed: 0 };
  let failure: unknown;
  let isFenced = false;
  let fullSinceMs: number | undefined;

  const fail = (error: unknown): undefined => {
    failure ??= error;
    wake.signal();
  };

  /** An aborted call has no outcome to write: the next owner makes it again. */
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
    send: async (delivery) => {
      // While stopping, unsent deliveries are left to the next owner.
      if (signal.aborted || isFenced || failure !== undefined) return undefined;
      const outcome = await input.attempt(delivery).catch(failWith);
      crashPoint('relay.sent');
      if (!outcome) return undefined;
      if (outcome.kind === 'retry') feed.hold(outcome.endpointId);
      if (!feed.keep(delivery, outcome)) outcomes.add(outcome);
      input.onWindow(delivery.endpoint.id, queues.windowOf(delivery.endpoint.id));
      // Only a full relay waits for room; others are woken by events.
      if (fullSinceMs !== undefined && !queues.isFull(lowWater)) wake.signal();
      return outcome;
    },
    onHandoff: (queueHandoff) => handoff.add(queueHandoff),
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
    // Deliveries held back by a failure must be in the database before the failure.
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
  cancelled.addEventListener('abort', abortCalls, { once: true });
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
          // They come before later events of the feed, if order matters.
          if (hasAbandoned) continue;
        }
        const taken = await feed.take();
        input.onLook?.();
        if (taken.kind === 'fenced') isFenced = true;
        fullSinceMs = undefined;
        if (taken.kind === 'fenced' || taken.isFull) continue;
      } else if (queues.handOffBlocked() || queues.handOffLongest(longestBlockMs)) {
        // Stalled or overloaded endpoints have filled the relay: their workflows take the waiting deliveries, and the
        // others continue.
        continue;
      } else {
        // An endpoint that can finish in time gets that time.
        fullSinceMs ??= Date.now();
        if (Date.now() - fullSinceMs >= longestBlockMs) queues.handOffLongest(0);
      }
      await wake.wait(idlePollMs);
      // Under load a short delay combines many reads, as for outcomes.
      if (queues.isPressed(busyPressure)) await sleep(readDelayMs);
    }
    if (isFenced) return 'fenced';
    // A stalled call must not delay the takeover by the next relay.
    const isIdle = await within(queues.idle(), { timeoutMs: drainMs, what: 'calls' }).then(
      () => true,
      () => false,
    );
    if (!isIdle) abortCalls();
    const written = queues.idle().then(outcomes.flush).then(feed.settled);
    await within(written, { timeoutMs: longestDrainMs, what: 'outcomes to be written' });
    if (failure !== undefined) throw failure;
    return 'stopped';
  } finally {
    abortCalls();
    queues.stop();
    handoff.stop();
    await within(feed.close(), { timeoutMs: longestDrainMs, what: 'the last write' });
    stopListening();
    signal.removeEventListener('abort', wake.signal);
    cancelled.removeEventListener('abort', abortCalls);
  }
}
