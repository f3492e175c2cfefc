import type { AttemptOutcome, ClosedAs } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { Congestion } from '../../domain/congestion.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createLane } from './endpoint-queue.ts';
import type { Lane, Sending } from './endpoint-queue.ts';

/** What waited in a lane, and how its endpoint is doing. */
export type LaneOverflow = {
  endpointId: EndpointId;
  waiting: OutgoingDelivery[];
  congestion: Congestion;
};

export type Lanes = {
  add(deliveries: readonly OutgoingDelivery[]): void;
  /** Its workflow has handed an endpoint back: one that was closed begins slowly. */
  reopen(endpointId: EndpointId): void;
  /**
   * Gives what waits in lanes where nothing moves to `onOverflow`; false where there are none. However little it
   * is in each: a hundred that hang together fill the relay as one does.
   */
  shedStalled(): boolean;
  /**
   * Gives what waits in the fullest lane to `onOverflow`, of those that need `clearsInMs` or longer for it at their pace;
   * false where there are none.
   */
  shedLongest(clearsInMs: number): boolean;
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

const keptLanes = 2_000;
const mostPressure = 16;
/** Beyond it a lane where nothing moves is given away at the next delivery, before the relay is full. */
const longestStalled = 100;

/**
 * One lane an endpoint, each with its own window on what is under way, so that a slow receiver holds
 * up only itself. A lane that grows beyond `longest`, where nothing moves any more, or whose endpoint fails
 * again and again, is given to `onOverflow`, what waits in it with it.
 */
export function createLanes(input: {
  concurrency: number;
  longest: number;
  carry: (delivery: OutgoingDelivery) => Promise<AttemptOutcome | undefined>;
  onOverflow: (overflow: LaneOverflow) => void;
}): Lanes {
  const lanes = new Map<EndpointId, Lane>();
  const timers = new Map<EndpointId, NodeJS.Timeout>();
  /** Those where something waits or is under way, and some where it did: see `exceeds`. */
  const occupied = new Set<Lane>();
  let size = 0;
  let underWay = 0;
  const idleWaiters: (() => void)[] = [];

  /** Keeps the sum right, and who is part of it, whatever happens in a lane. */
  function within<T>(lane: Lane, change: () => T): T {
    const before = lane.waiting() + lane.underWay();
    const result = change();
    const after = lane.waiting() + lane.underWay();
    size += after - before;
    if (before === 0 && after > 0) occupied.add(lane);
    return result;
  }

  /**
   * Looks at no more lanes than it takes to know, and leaves out those that have become empty: at every delivery it
   * would be a new table in V8 for nothing.
   */
  function exceeds(most: number, loadOf: (lane: Lane) => number): boolean {
    if (size <= most) return false;
    let sum = 0;
    for (const lane of occupied) {
      if (lane.isIdle()) {
        occupied.delete(lane);
        continue;
      }
      sum += loadOf(lane);
      if (sum > most) return true;
    }
    return false;
  }

  function advance(endpointId: EndpointId, lane: Lane): void {
    if (lane.closedAs()) overflow(endpointId, lane);
    for (;;) {
      const next = within(lane, () => lane.next());
      if (!next) return;
      if (next.kind === 'wait') {
        wakeLater(endpointId, lane, next.waitMs);
        return;
      }
      underWay++;
      void carry(endpointId, lane, next);
    }
  }

  async function carry(endpointId: EndpointId, lane: Lane, sending: Sending): Promise<void> {
    const outcome = await input.carry(sending.delivery);
    underWay--;
    within(lane, () => lane.end(sending, outcome));
    advance(endpointId, lane);
    if (underWay === 0) for (const resolve of idleWaiters.splice(0)) resolve();
  }

  function wakeLater(endpointId: EndpointId, lane: Lane, waitMs: number): void {
    if (timers.has(endpointId)) return;
    const timer = setTimeout(() => {
      timers.delete(endpointId);
      advance(endpointId, lane);
    }, waitMs);
    timers.set(endpointId, timer);
  }

  function overflow(endpointId: EndpointId, lane: Lane): void {
    const waiting = within(lane, () => lane.drain());
    if (waiting.length > 0)
      input.onOverflow({ endpointId, waiting, congestion: lane.congestion() });
  }

  function laneOf(endpointId: EndpointId): Lane {
    const known = lanes.get(endpointId);
    if (known) return known;
    if (lanes.size >= keptLanes) {
      for (const [id, lane] of lanes) {
        if (!lane.isForgettable()) continue;
        lanes.delete(id);
        occupied.delete(lane);
      }
    }
    const lane = createLane({ largest: input.concurrency });
    lanes.set(endpointId, lane);
    return lane;
  }

  return {
    shedStalled() {
      const stalled = [...lanes].filter(([, lane]) => lane.isStalled());
      for (const [endpointId, lane] of stalled) overflow(endpointId, lane);
      return stalled.length > 0;
    },
    reopen: (endpointId) => lanes.get(endpointId)?.reopen(),
    shedLongest(clearsInMs) {
      const [fullest] = [...lanes]
        .filter(([, lane]) => lane.waiting() > 0 && lane.clearsInMs() >= clearsInMs)
        .toSorted(([, a], [, b]) => b.waiting() - a.waiting());
      if (fullest) overflow(...fullest);
      return fullest !== undefined;
    },
    add(deliveries) {
      const touched = new Map<EndpointId, Lane>();
      const refused = new Map<EndpointId, OutgoingDelivery[]>();
      for (const delivery of deliveries) {
        const { id } = delivery.endpoint;
        const lane = laneOf(id);
        touched.set(id, lane);
        if (within(lane, () => lane.add(delivery))) continue;
        refused.set(id, [...(refused.get(id) ?? []), delivery]);
      }
      for (const [endpointId, waiting] of refused)
        input.onOverflow({ endpointId, waiting, congestion: laneOf(endpointId).congestion() });
      for (const [endpointId, lane] of touched) {
        advance(endpointId, lane);
        const longest = lane.isStalled() ? longestStalled : input.longest;
        if (lane.waiting() > longest) overflow(endpointId, lane);
      }
    },
    size: () => size,
    isFull: (most) =>
      exceeds(most, (lane) => lane.waiting() + (lane.isSilent() ? 0 : lane.underWay())),
    isPressed: (most) =>
      exceeds(most, (lane) =>
        lane.isSilent() || lane.isSlow()
          ? 0
          : Math.min(lane.waiting() + lane.underWay(), mostPressure),
      ),
    windowOf: (endpointId) => lanes.get(endpointId)?.congestion().window ?? 0,
    closedAs: (endpointId) => lanes.get(endpointId)?.closedAs(),
    idle: () =>
      underWay === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve)),
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
