import type { AttemptOutcome, ClosedAs } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { Congestion } from '../../domain/congestion.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createEndpointQueue } from './endpoint-queue.ts';
import type { EndpointQueue, Sending } from './endpoint-queue.ts';

/** The waiting deliveries of a queue, and its endpoint's congestion state. */
export type QueueHandoff = {
  endpointId: EndpointId;
  waiting: OutgoingDelivery[];
  congestion: Congestion;
};

export type EndpointQueues = {
  add(deliveries: readonly OutgoingDelivery[]): void;
  /** The workflow has handed an endpoint back; a closed one restarts with a new congestion state. */
  reopen(endpointId: EndpointId): void;
  /**
   * Gives the deliveries of stalled queues to `onHandoff`, however few each has, because a hundred stalled endpoints
   * fill the relay as one does; false if there are none.
   */
  handOffBlocked(): boolean;
  /**
   * Gives the deliveries of the longest queue that needs at least `clearsInMs` to `onHandoff`; false if there is none.
   */
  handOffLongest(clearsInMs: number): boolean;
  /** Deliveries waiting or in flight. */
  size(): number;
  /** Whether more than `most` deliveries are waiting or in flight. Stalled calls do not count. */
  isFull(most: number): boolean;
  /**
   * Whether more than `most` deliveries are waiting or in flight, counting at most a few per endpoint. Slow and stalled
   * endpoints do not count, because they do not keep the relay busy.
   */
  isPressed(most: number): boolean;
  /** The congestion window of an endpoint. */
  windowOf(endpointId: EndpointId): number;
  closedAs: ClosedAs;
  /** Resolves when no call is in flight. */
  idle(): Promise<void>;
  stop(): void;
};

const keptQueues = 2_000;
const mostPressure = 16;
/** Beyond this length a stalled queue is handed off at the next delivery, before the relay is full. */
const longestBlocked = 100;

/**
 * One queue per endpoint, each with its own congestion window, so that a slow receiver delays only itself. A queue that
 * exceeds `longest`, stalls, or whose endpoint fails repeatedly is handed to `onHandoff` with its waiting deliveries.
 */
export function createEndpointQueues(input: {
  concurrency: number;
  longest: number;
  send: (delivery: OutgoingDelivery) => Promise<AttemptOutcome | undefined>;
  onHandoff: (handoff: QueueHandoff) => void;
}): EndpointQueues {
  const queues = new Map<EndpointId, EndpointQueue>();
  const timers = new Map<EndpointId, NodeJS.Timeout>();
  /** Queues with deliveries waiting or in flight, and some that have become idle: see `exceeds`. */
  const occupied = new Set<EndpointQueue>();
  let size = 0;
  let underWay = 0;
  const idleWaiters: (() => void)[] = [];

  /** Keeps `size` and `occupied` consistent across any change of a queue. */
  function tracked<T>(queue: EndpointQueue, change: () => T): T {
    const before = queue.waiting() + queue.underWay();
    const result = change();
    const after = queue.waiting() + queue.underWay();
    size += after - before;
    if (before === 0 && after > 0) occupied.add(queue);
    return result;
  }

  /**
   * Examines only as many queues as needed, and removes idle ones here instead of at every delivery, which would make
   * V8 rebuild the set each time.
   */
  function exceeds(most: number, loadOf: (queue: EndpointQueue) => number): boolean {
    if (size <= most) return false;
    let sum = 0;
    for (const queue of occupied) {
      if (queue.isIdle()) {
        occupied.delete(queue);
        continue;
      }
      sum += loadOf(queue);
      if (sum > most) return true;
    }
    return false;
  }

  function advance(endpointId: EndpointId, queue: EndpointQueue): void {
    if (queue.closedAs()) handoff(endpointId, queue);
    for (;;) {
      const next = tracked(queue, () => queue.next());
      if (!next) return;
      if (next.kind === 'wait') {
        advanceLater(endpointId, queue, next.waitMs);
        return;
      }
      underWay++;
      void sendOne(endpointId, queue, next);
    }
  }

  async function sendOne(
    endpointId: EndpointId,
    queue: EndpointQueue,
    sending: Sending,
  ): Promise<void> {
    const outcome = await input.send(sending.delivery);
    underWay--;
    tracked(queue, () => queue.end(sending, outcome));
    advance(endpointId, queue);
    if (underWay === 0) for (const resolve of idleWaiters.splice(0)) resolve();
  }

  function advanceLater(endpointId: EndpointId, queue: EndpointQueue, waitMs: number): void {
    if (timers.has(endpointId)) return;
    const timer = setTimeout(() => {
      timers.delete(endpointId);
      advance(endpointId, queue);
    }, waitMs);
    timers.set(endpointId, timer);
  }

  function handoff(endpointId: EndpointId, queue: EndpointQueue): void {
    const waiting = tracked(queue, () => queue.drain());
    if (waiting.length > 0)
      input.onHandoff({ endpointId, waiting, congestion: queue.congestion() });
  }

  function queueOf(endpointId: EndpointId): EndpointQueue {
    const known = queues.get(endpointId);
    if (known) return known;
    if (queues.size >= keptQueues) {
      for (const [id, queue] of queues) {
        if (!queue.isForgettable()) continue;
        queues.delete(id);
        occupied.delete(queue);
      }
    }
    const queue = createEndpointQueue({ largest: input.concurrency });
    queues.set(endpointId, queue);
    return queue;
  }

  return {
    handOffBlocked() {
      const stalled = [...queues].filter(([, queue]) => queue.isBlocked());
      for (const [endpointId, queue] of stalled) handoff(endpointId, queue);
      return stalled.length > 0;
    },
    reopen: (endpointId) => queues.get(endpointId)?.reopen(),
    handOffLongest(clearsInMs) {
      const [fullest] = [...queues]
        .filter(([, queue]) => queue.waiting() > 0 && queue.clearsInMs() >= clearsInMs)
        .toSorted(([, a], [, b]) => b.waiting() - a.waiting());
      if (fullest) handoff(...fullest);
      return fullest !== undefined;
    },
    add(deliveries) {
      const touched = new Map<EndpointId, EndpointQueue>();
      const refused = new Map<EndpointId, OutgoingDelivery[]>();
      for (const delivery of deliveries) {
        const { id } = delivery.endpoint;
        const queue = queueOf(id);
        touched.set(id, queue);
        if (tracked(queue, () => queue.add(delivery))) continue;
        refused.set(id, [...(refused.get(id) ?? []), delivery]);
      }
      for (const [endpointId, waiting] of refused)
        input.onHandoff({ endpointId, waiting, congestion: queueOf(endpointId).congestion() });
      for (const [endpointId, queue] of touched) {
        advance(endpointId, queue);
        const longest = queue.isBlocked() ? longestBlocked : input.longest;
        if (queue.waiting() > longest) handoff(endpointId, queue);
      }
    },
    size: () => size,
    isFull: (most) =>
      exceeds(most, (queue) => queue.waiting() + (queue.isStalled() ? 0 : queue.underWay())),
    isPressed: (most) =>
      exceeds(most, (queue) =>
        queue.isStalled() || queue.isSlow()
          ? 0
          : Math.min(queue.waiting() + queue.underWay(), mostPressure),
      ),
    windowOf: (endpointId) => queues.get(endpointId)?.congestion().window ?? 0,
    closedAs: (endpointId) => queues.get(endpointId)?.closedAs(),
    idle: () =>
      underWay === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve)),
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
