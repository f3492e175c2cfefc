import type { EndpointId } from '../domain/ids.ts';
import type { OutgoingDelivery } from '../db/queries/select-outgoing.ts';

export type Lanes = {
  add(deliveries: readonly OutgoingDelivery[]): void;
  /** Gives what waits in the fullest lane to `onOverflow`. */
  shedLongest(): void;
  /** Deliveries waiting or under way. */
  size(): number;
  /** Resolves when nothing is under way. */
  idle(): Promise<void>;
};

/**
 * One lane an endpoint, each with its own bound on what is under way, so that a slow receiver holds
 * up only itself. A lane that grows beyond `longest` is given to `onOverflow`, what waits in it with it.
 */
export function createLanes(input: {
  concurrency: number;
  longest: number;
  carry: (delivery: OutgoingDelivery) => Promise<void>;
  onOverflow: (endpointId: EndpointId, waiting: OutgoingDelivery[]) => void;
}): Lanes {
  const lanes = new Map<EndpointId, { waiting: OutgoingDelivery[]; underWay: number }>();
  let size = 0;
  let underWay = 0;
  const idleWaiters: (() => void)[] = [];

  function advance(endpointId: EndpointId): void {
    const lane = lanes.get(endpointId);
    if (!lane) return;
    while (lane.underWay < input.concurrency && lane.waiting.length > 0) {
      const next = lane.waiting.shift()!;
      lane.underWay++;
      underWay++;
      void input.carry(next).finally(() => {
        lane.underWay--;
        underWay--;
        size--;
        advance(endpointId);
        if (underWay === 0) for (const resolve of idleWaiters.splice(0)) resolve();
      });
    }
    if (lane.waiting.length === 0 && lane.underWay === 0) lanes.delete(endpointId);
  }

  function overflow(endpointId: EndpointId, lane: { waiting: OutgoingDelivery[] }): void {
    if (lane.waiting.length === 0) return;
    size -= lane.waiting.length;
    input.onOverflow(endpointId, lane.waiting.splice(0));
  }

  return {
    shedLongest() {
      const [fullest] = [...lanes].toSorted(([, a], [, b]) => b.waiting.length - a.waiting.length);
      if (fullest) overflow(...fullest);
    },
    add(deliveries) {
      for (const delivery of deliveries) {
        const lane = lanes.get(delivery.endpointId) ?? { waiting: [], underWay: 0 };
        lanes.set(delivery.endpointId, lane);
        lane.waiting.push(delivery);
        size++;
      }
      for (const [endpointId, lane] of lanes) {
        advance(endpointId);
        if (lane.waiting.length > input.longest) overflow(endpointId, lane);
      }
    },
    size: () => size,
    idle: () =>
      underWay === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve)),
  };
}
