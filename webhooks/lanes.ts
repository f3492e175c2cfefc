import type { AttemptOutcome } from '../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../db/queries/select-outgoing.ts';
import type { EndpointId } from '../domain/ids.ts';
import { createLane } from './lane.ts';
import type { Lane, Sending } from './lane.ts';

export type Lanes = {
  add(deliveries: readonly OutgoingDelivery[]): void;
  /** Its workflow has handed an endpoint back: one that was closed begins slowly. */
  reopen(endpointId: EndpointId): void;
  /** Gives what waits in lanes where nothing moves to `onOverflow`; false where there are none. */
  shedStalled(): boolean;
  /** Gives what waits in the fullest lane to `onOverflow`. */
  shedLongest(): void;
  /** Deliveries waiting or under way. */
  size(): number;
  /**
   * The same, but of one endpoint no more than a few: those of one that is slow, or hangs, say nothing of how
   * busy the relay is.
   */
  pressure(): number;
  /** How many calls to an endpoint may be under way. */
  windowOf(endpointId: EndpointId): number;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
  stop(): void;
};

const keptLanes = 2_000;
const mostPressure = 16;

/**
 * One lane an endpoint, each with its own window on what is under way, so that a slow receiver holds
 * up only itself. A lane that grows beyond `longest`, where nothing moves any more, or whose endpoint fails
 * again and again, is given to `onOverflow`, what waits in it with it.
 */
export function createLanes(input: {
  concurrency: number;
  longest: number;
  carry: (delivery: OutgoingDelivery) => Promise<AttemptOutcome | undefined>;
  onOverflow: (endpointId: EndpointId, waiting: OutgoingDelivery[]) => void;
}): Lanes {
  const lanes = new Map<EndpointId, Lane>();
  const timers = new Map<EndpointId, NodeJS.Timeout>();
  let size = 0;
  let pressure = 0;
  let underWay = 0;
  const idleWaiters: (() => void)[] = [];

  /** Keeps the sums right, whatever happens in a lane. */
  function within<T>(lane: Lane, change: () => T): T {
    const before = lane.waiting() + lane.underWay();
    const result = change();
    const after = lane.waiting() + lane.underWay();
    size += after - before;
    pressure += Math.min(after, mostPressure) - Math.min(before, mostPressure);
    return result;
  }

  function advance(endpointId: EndpointId, lane: Lane): void {
    if (lane.isClosed()) overflow(endpointId, lane);
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
    if (waiting.length > 0) input.onOverflow(endpointId, waiting);
  }

  function laneOf(endpointId: EndpointId): Lane {
    const known = lanes.get(endpointId);
    if (known) return known;
    if (lanes.size >= keptLanes) {
      for (const [id, lane] of lanes) if (lane.isForgettable()) lanes.delete(id);
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
    shedLongest() {
      const [fullest] = [...lanes].toSorted(([, a], [, b]) => b.waiting() - a.waiting());
      if (fullest) overflow(...fullest);
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
      for (const [endpointId, waiting] of refused) input.onOverflow(endpointId, waiting);
      for (const [endpointId, lane] of touched) {
        advance(endpointId, lane);
        if (lane.waiting() > input.longest || lane.isStalled()) overflow(endpointId, lane);
      }
    },
    size: () => size,
    pressure: () => pressure,
    windowOf: (endpointId) => lanes.get(endpointId)?.window() ?? 0,
    idle: () =>
      underWay === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve)),
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
