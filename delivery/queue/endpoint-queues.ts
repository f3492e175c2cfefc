import type { AttemptOutcome, ClosedAs } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { Congestion } from '../../domain/congestion.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createEndpointQueue } from './endpoint-queue.ts';
import type { EndpointQueue, Sending } from './endpoint-queue.ts';

/** What waited in a queue, and how its endpoint is doing. */
export type QueueHandoff = {
  endpointId: EndpointId;
  waiting: OutgoingDelivery[];
  congestion: Congestion;
};

export type EndpointQueues = {
  add(deliveries: readonly OutgoingDelivery[]): void;
  /** Its workflow has handed an endpoint back: one that was closed begins slowly. */
  reopen(endpointId: EndpointId): void;
  /**
   * Gives what waits in queues where nothing moves to `onHandoff`; false where there are none. However little it
   * is in each: a hundred that hang together fill the relay as one does.
   */
  handOffBlocked(): boolean;
  /**
   * Gives what waits in the fullest queue to `onHandoff`, of those that need `clearsInMs` or longer for it at their pace;
   * false where there are none.
   */
  handOffLongest(clearsInMs: number): boolean;
  /** Deliveries waiting or under way. */
  size(): number;
  /** Whether more are waiting, or under way where calls end, than `most`. Those that hang take nobody's room. */
  isFull(most: number): boolean;
  /**
   * Whether more than `most` are on their way, of one endpoint no more than a few counted. Those of one that is
   * slow, and those that hang, say nothing of how busy the relay is.
   */
  isPressed(most: number): boolean;
  /** How many calls to an endpoint may be under way. */
  windowOf(endpointId: EndpointId): number;
  closedAs: ClosedAs;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  stop(): void;
};

const keptQueues = 2_000;
const mostPressure = 16;
/** Beyond it a queue where nothing moves is given away at the next delivery, before the relay is full. */
const longestBlocked = 100;

/**
 * One queue an endpoint, each with its own window on what is under way, so that a slow receiver holds
 * up only itself. A queue that grows beyond `longest`, where nothing moves any more, or whose endpoint fails
 * again and again, is given to `onHandoff`, what waits in it with it.
 */
export function createEndpointQueues(input: {
  concurrency: number;
  longest: number;
  carry: (delivery: OutgoingDelivery) => Promise<AttemptOutcome | undefined>;
  onHandoff: (handoff: QueueHandoff) => void;
}): EndpointQueues {
  const queues = new Map<EndpointId, EndpointQueue>();
  const timers = new Map<EndpointId, NodeJS.Timeout>();
  /** Those where something waits or is under way, and some where it did: see `exceeds`. */
  const occupied = new Set<EndpointQueue>();
  let size = 0;
  let underWay = 0;
  const idleWaiters: (() => void)[] = [];

  /** Keeps the sum right, and who is part of it, whatever happens in a queue. */
  function within<T>(queue: EndpointQueue, change: () => T): T {
    const before = queue.waiting() + queue.underWay();
    const result = change();
    const after = queue.waiting() + queue.underWay();
    size += after - before;
    if (before === 0 && after > 0) occupied.add(queue);
    return result;
  }

  /**
   * Looks at no more queues than it takes to know, and leaves out those that have become empty: at every delivery it
   * would be a new table in V8 for nothing.
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
      const next = within(queue, () => queue.next());
      if (!next) return;
      if (next.kind === 'wait') {
        wakeLater(endpointId, queue, next.waitMs);
        return;
      }
      underWay++;
      void carry(endpointId, queue, next);
    }
  }

  async function carry(
    endpointId: EndpointId,
    queue: EndpointQueue,
    sending: Sending,
  ): Promise<void> {
    const outcome = await input.carry(sending.delivery);
    underWay--;
    within(queue, () => queue.end(sending, outcome));
    advance(endpointId, queue);
    if (underWay === 0) for (const resolve of idleWaiters.splice(0)) resolve();
  }

  function wakeLater(endpointId: EndpointId, queue: EndpointQueue, waitMs: number): void {
    if (timers.has(endpointId)) return;
    const timer = setTimeout(() => {
      timers.delete(endpointId);
      advance(endpointId, queue);
    }, waitMs);
    timers.set(endpointId, timer);
  }

  function handoff(endpointId: EndpointId, queue: EndpointQueue): void {
    const waiting = within(queue, () => queue.drain());
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
        if (within(queue, () => queue.add(delivery))) continue;
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
