import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { initialWindow } from '../../domain/congestion.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createEndpointQueues } from '../../delivery/queue/endpoint-queues.ts';
import type { QueueHandoff } from '../../delivery/queue/endpoint-queues.ts';
import { endpointRow, outcomeOf, outgoing } from '../support/outgoing.ts';

const rows = new Map<EndpointId, OutgoingDelivery['endpoint']>();
const rowOf = (id: EndpointId) => {
  const row = rows.get(id) ?? endpointRow({ id });
  rows.set(id, row);
  return row;
};

function deliveriesTo(
  endpointId: EndpointId,
  count: number,
  settings: Partial<OutgoingDelivery> = {},
): OutgoingDelivery[] {
  return Array.from({ length: count }, () => outgoing(rowOf(endpointId), settings));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A carrier whose deliveries end when the test says so. */
function createCarrier() {
  const underWay: {
    delivery: OutgoingDelivery;
    end: (outcome: AttemptOutcome | undefined) => void;
  }[] = [];
  const begun: string[] = [];
  return {
    begun,
    carry: (delivery: OutgoingDelivery) => {
      begun.push(delivery.eventId);
      return new Promise<AttemptOutcome | undefined>((end) => underWay.push({ delivery, end }));
    },
    at: (endpointId: EndpointId) =>
      underWay.filter(({ delivery }) => delivery.endpoint.id === endpointId).length,
    async end(endpointId: EndpointId, count = 1, kind: 'delivered' | 'retry' = 'delivered') {
      for (let i = 0; i < count; i++) {
        const index = underWay.findIndex(({ delivery }) => delivery.endpoint.id === endpointId);
        const [one] = underWay.splice(index, 1);
        one?.end(outcomeOf(one.delivery, kind));
        // Lets the queue hear of it before the next one ends.
        await turn();
      }
    },
  };
}

const neverHandsOff = () => {
  throw new Error('no queue was to handoff');
};

function open(
  settings: {
    concurrency?: number;
    longest?: number;
    onHandoff?: (handoff: QueueHandoff) => void;
  } = {},
) {
  const carrier = createCarrier();
  const queues = createEndpointQueues({
    concurrency: settings.concurrency ?? 64,
    longest: settings.longest ?? 100,
    send: carrier.carry,
    onHandoff: settings.onHandoff ?? neverHandsOff,
  });
  return { carrier, queues };
}

const idsOf = (deliveries: readonly OutgoingDelivery[]) => deliveries.map(({ eventId }) => eventId);

describe('queues', () => {
  test('begin with two calls and double the window for every window acknowledged', async () => {
    const { carrier, queues } = open({ concurrency: 12 });
    queues.add([...deliveriesTo('ep_a', 100), ...deliveriesTo('ep_b', 1)]);
    expect([carrier.at('ep_a'), carrier.at('ep_b')]).toEqual([2, 1]);
    expect(queues.size()).toBe(101);
    await carrier.end('ep_a', 2);
    expect(carrier.at('ep_a')).toBe(4);
    await carrier.end('ep_a', 4);
    expect(carrier.at('ep_a')).toBe(8);
    await carrier.end('ep_a', 8);
    // The bound on one endpoint holds, however well it does.
    expect(carrier.at('ep_a')).toBe(12);
    expect(queues.size()).toBe(101 - 14);
  });

  test('never exceed an endpoint’s own limit', async () => {
    const { carrier, queues } = open();
    rows.set('ep_limited', endpointRow({ id: 'ep_limited', maxConcurrency: 1 }));
    queues.add(deliveriesTo('ep_limited', 5));
    expect(carrier.at('ep_limited')).toBe(1);
    await carrier.end('ep_limited', 3);
    expect(carrier.at('ep_limited')).toBe(1);
  });

  test('that are stuck do not hold up another', async () => {
    const { carrier, queues } = open({ concurrency: 1 });
    queues.add([...deliveriesTo('ep_stuck', 50), ...deliveriesTo('ep_fast', 5)]);
    await carrier.end('ep_fast', 5);
    queues.add(deliveriesTo('ep_fast', 1));
    await carrier.end('ep_fast');
    expect(carrier.at('ep_fast')).toBe(0);
    expect(carrier.at('ep_stuck')).toBe(1);
    expect(queues.size()).toBe(50);
  });

  test('carry in the order in which they were given', async () => {
    const { carrier, queues } = open({ concurrency: 1 });
    const deliveries = deliveriesTo('ep_a', 6);
    queues.add(deliveries.slice(0, 4));
    queues.add(deliveries.slice(4));
    await carrier.end('ep_a', 6);
    expect(carrier.begun).toEqual(idsOf(deliveries));
  });

  test('let what is urgent go first', async () => {
    const { carrier, queues } = open({ concurrency: 1 });
    const [first, low, normal, high] = [1, 2, 1, 0].map(
      (priority) => deliveriesTo('ep_a', 1, { priority })[0]!,
    );
    queues.add([first!]);
    queues.add([low!, normal!, high!]);
    await carrier.end('ep_a', 4);
    expect(carrier.begun).toEqual(idsOf([first!, high!, normal!, low!]));
  });

  test('that grow too long are handed over with all that waits, and start anew', async () => {
    const handedOver: { endpointId: EndpointId; eventIds: string[] }[] = [];
    const { carrier, queues } = open({
      concurrency: 2,
      longest: 3,
      onHandoff: ({ endpointId, waiting }) => {
        handedOver.push({ endpointId, eventIds: idsOf(waiting) });
      },
    });
    const deliveries = deliveriesTo('ep_a', 5);
    queues.add(deliveries);
    expect(handedOver).toEqual([]);
    const more = deliveriesTo('ep_a', 1);
    queues.add([...more, ...deliveriesTo('ep_b', 3)]);
    const waiting = idsOf([...deliveries.slice(2), ...more]);
    expect(handedOver).toEqual([{ endpointId: 'ep_a', eventIds: waiting }]);
    expect(queues.size()).toBe(2 + 3);
    await carrier.end('ep_a', 2);
    await carrier.end('ep_b', 3);
    expect(queues.size()).toBe(0);
    queues.add(deliveriesTo('ep_a', 1));
    expect(carrier.at('ep_a')).toBe(1);
  });

  test('are idle when nothing is under way', async () => {
    const { carrier, queues } = open({ concurrency: 2 });
    await queues.idle();
    queues.add(deliveriesTo('ep_a', 3));
    let isIdle = false;
    const idle = queues.idle().then(() => {
      isIdle = true;
    });
    await carrier.end('ep_a', 2);
    expect(isIdle).toBe(false);
    await carrier.end('ep_a');
    await idle;
    expect(queues.size()).toBe(0);
  });
});

describe('the pressure on queues', () => {
  test('comes from many endpoints, not from one, and ends with what they were to get', async () => {
    const { queues, carrier } = open();
    queues.add(deliveriesTo('ep_stuck', 90));
    expect([queues.size(), queues.isPressed(16), queues.isPressed(15)]).toEqual([90, false, true]);
    for (const n of [1, 2, 3, 4]) queues.add(deliveriesTo(`ep_${n}`, 12));
    expect([queues.size(), queues.isPressed(64), queues.isPressed(63)]).toEqual([138, false, true]);
    for (const n of [1, 2, 3, 4]) await carrier.end(`ep_${n}`, 12);
    expect([queues.size(), queues.isPressed(16), queues.isPressed(15)]).toEqual([90, false, true]);
    await carrier.end('ep_stuck', 80);
    expect([queues.size(), queues.isPressed(10), queues.isPressed(9)]).toEqual([10, false, true]);
    await carrier.end('ep_stuck', 10);
    expect([queues.size(), queues.isPressed(0)]).toEqual([0, false]);
  });
});

describe('a queue where nothing moves', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function openWatched() {
    const handedOff: [EndpointId, number][] = [];
    const windows = new Map<EndpointId, number>();
    const onHandoff = ({ endpointId, waiting, congestion }: QueueHandoff) => {
      handedOff.push([endpointId, waiting.length]);
      windows.set(endpointId, congestion.window);
    };
    return { ...open({ longest: 1_000, onHandoff }), handedOff, windows };
  }

  test('gives what waits away after a second of silence, however little, and only such a queue', async () => {
    const { queues, carrier, handedOff, windows } = openWatched();
    queues.add([...deliveriesTo('ep_hangs', 150), ...deliveriesTo('ep_few', 3)]);
    queues.add([...deliveriesTo('ep_slow', 150), ...deliveriesTo('ep_idle', 2)]);
    expect(queues.handOffBlocked()).toBe(false);
    vi.setSystemTime(Date.now() + 900);
    await carrier.end('ep_slow');
    vi.setSystemTime(Date.now() + 100);
    expect(queues.handOffBlocked()).toBe(true);
    expect(handedOff).toEqual([
      ['ep_hangs', 148],
      ['ep_few', 1],
    ]);
    expect(Object.fromEntries(windows)).toEqual({ ep_hangs: 1, ep_few: 1 });
    expect(queues.handOffBlocked()).toBe(false);
  });

  test('is not a slow one, whose calls take room and say nothing of how busy the relay is', async () => {
    const { queues, carrier } = openWatched();
    queues.add(deliveriesTo('ep_slow', 20));
    for (let i = 0; i < 10; i++) {
      vi.setSystemTime(Date.now() + 500);
      await carrier.end('ep_slow');
    }
    expect([queues.isFull(9), queues.isPressed(0), queues.handOffBlocked()]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('is not one that gets more than it can take, which is given away where it would need too long', async () => {
    const { queues, carrier, handedOff, windows } = openWatched();
    queues.add([...deliveriesTo('ep_slow', 545), ...deliveriesTo('ep_fast', 900)]);
    vi.setSystemTime(Date.now() + 1);
    await carrier.end('ep_fast');
    vi.setSystemTime(Date.now() + 499);
    await carrier.end('ep_slow');
    // Of 541 that wait, a window of 3, 6, 12, 24 and 48 takes 93, and one of 64 the others in seven more round trips.
    expect([queues.handOffBlocked(), queues.handOffLongest(6_001)]).toEqual([false, false]);
    expect(queues.handOffLongest(6_000)).toBe(true);
    expect(handedOff).toEqual([['ep_slow', 541]]);
    expect(Object.fromEntries(windows)['ep_slow']).toBe(3);
    expect(queues.handOffLongest(6_000)).toBe(false);
    // Without such a one, whoever has most.
    expect(queues.handOffLongest(0)).toBe(true);
    expect(handedOff.at(-1)).toEqual(['ep_fast', 896]);
  });

  test('is not one whose rate is bounded, which needs as long as its rate says', async () => {
    const { queues, handedOff } = openWatched();
    rows.set('ep_rated', endpointRow({ id: 'ep_rated', ratePerSecond: 10 }));
    queues.add(deliveriesTo('ep_rated', 51));
    expect(queues.handOffLongest(4_901)).toBe(false);
    expect(queues.handOffLongest(4_900)).toBe(true);
    expect(handedOff).toEqual([['ep_rated', 49]]);
    queues.stop();
  });

  test('is not one whose calls always take that long: it has more under way meanwhile', async () => {
    const { queues, carrier } = openWatched();
    queues.add(deliveriesTo('ep_patient', 1));
    vi.setSystemTime(Date.now() + 3_000);
    await carrier.end('ep_patient');
    queues.add(deliveriesTo('ep_patient', 1));
    vi.setSystemTime(Date.now() + 2_900);
    queues.add(deliveriesTo('ep_patient', 1));
    expect(carrier.at('ep_patient')).toBe(2);
    // But not for ever.
    vi.setSystemTime(Date.now() + 2_100);
    queues.add(deliveriesTo('ep_patient', 1));
    expect([carrier.at('ep_patient'), queues.isFull(0), queues.handOffBlocked()]).toEqual([
      2,
      true,
      true,
    ]);
  });

  test('takes nobody’s room but for what waits in it, and begins nothing more until something ends', async () => {
    const { queues, carrier } = openWatched();
    // A wide window, as of an endpoint that was well for long.
    queues.add(deliveriesTo('ep_was_well', 30));
    await carrier.end('ep_was_well', 30);
    queues.add(deliveriesTo('ep_was_well', 10));
    vi.setSystemTime(Date.now() + 1_000);
    queues.add(deliveriesTo('ep_was_well', 3));
    expect([carrier.at('ep_was_well'), queues.size()]).toEqual([10, 13]);
    expect([queues.isFull(3), queues.isFull(2), queues.isPressed(0)]).toEqual([false, true, false]);
    await carrier.end('ep_was_well');
    expect(carrier.at('ep_was_well')).toBe(12);
    expect([queues.isFull(12), queues.isFull(11)]).toEqual([false, true]);
  });

  test('gives it away by itself only where it is much', () => {
    const { queues, handedOff } = openWatched();
    queues.add([...deliveriesTo('ep_hangs', 100), ...deliveriesTo('ep_few', 50)]);
    vi.setSystemTime(Date.now() + 1_000);
    queues.add([...deliveriesTo('ep_hangs', 3), ...deliveriesTo('ep_few', 3)]);
    expect(handedOff).toEqual([['ep_hangs', 101]]);
  });
});

describe('a queue whose endpoint fails', () => {
  test('three times in a row is handed over, and takes nothing more for a while', async () => {
    const handedOver: string[] = [];
    const { carrier, queues } = open({
      onHandoff: ({ waiting }) => handedOver.push(...idsOf(waiting)),
    });
    const deliveries = deliveriesTo('ep_down', 10);
    queues.add(deliveries);
    // Two that were under way together are one failure.
    await carrier.end('ep_down', 2, 'retry');
    await carrier.end('ep_down', 1, 'retry');
    expect(handedOver).toEqual([]);
    await carrier.end('ep_down', 1, 'retry');
    expect(handedOver).toEqual(idsOf(deliveries.slice(4)));
    const later = deliveriesTo('ep_down', 1);
    queues.add(later);
    expect(handedOver).toContain(later[0]!.eventId);
    expect(queues.size()).toBe(0);

    // Its workflow has found it well: it begins again, slowly.
    queues.reopen('ep_down');
    queues.add(deliveriesTo('ep_down', 10));
    expect(carrier.at('ep_down')).toBe(initialWindow);
    expect(queues.size()).toBe(10);
  });

  test('and is well is not told apart from others when its workflow hands it back', async () => {
    const { carrier, queues } = open();
    queues.add(deliveriesTo('ep_up', 20));
    await carrier.end('ep_up', 2);
    queues.reopen('ep_up');
    expect(queues.windowOf('ep_up')).toBe(initialWindow + 2);
    queues.reopen('ep_unknown');
    expect(queues.windowOf('ep_unknown')).toBe(0);
  });
});

describe('a queue that keeps the order of a resource', () => {
  const ordered = (id: EndpointId) => {
    rows.set(id, endpointRow({ id, ordering: 'resource' }));
    return (orderKey: string) => deliveriesTo(id, 1, { orderKey })[0]!;
  };

  test('has one event of each resource under way at a time', async () => {
    const { carrier, queues } = open();
    const of = ordered('ep_o');
    const [a1, a2, b1] = [of('a'), of('a'), of('b')];
    queues.add([a1, a2, b1]);
    expect(carrier.begun).toEqual(idsOf([a1, b1]));
    await carrier.end('ep_o');
    expect(carrier.begun).toEqual(idsOf([a1, b1, a2]));
  });

  test('gives up what is behind a failed one, and only that', async () => {
    const handedOver: string[] = [];
    const { carrier, queues } = open({
      onHandoff: ({ waiting }) => handedOver.push(...idsOf(waiting)),
    });
    const of = ordered('ep_p');
    const [a1, a2, b1, b2] = [of('a'), of('a'), of('b'), of('b')];
    queues.add([a1, a2, b1, b2]);
    await carrier.end('ep_p', 1, 'retry');
    await carrier.end('ep_p', 1);
    expect(carrier.begun).toEqual(idsOf([a1, b1, b2]));
    // The statement that records a1's failure has taken a2; what comes now is handed over.
    const a3 = of('a');
    queues.add([a3]);
    expect(handedOver).toEqual([a3.eventId]);
    await carrier.end('ep_p', 1);
    expect(queues.size()).toBe(0);
  });

  test('loses no resource when it is handed over in the middle', async () => {
    const handedOver: string[] = [];
    const { carrier, queues } = open({
      longest: 2,
      onHandoff: ({ waiting }) => handedOver.push(...idsOf(waiting)),
    });
    const of = ordered('ep_q');
    const [a1, b1, c1, c2, a2] = [of('a'), of('b'), of('c'), of('c'), of('a')];
    queues.add([a1, b1, c1, c2, a2]);
    expect(carrier.begun).toEqual(idsOf([a1, b1]));
    expect(handedOver.toSorted()).toEqual(idsOf([c1, c2, a2]).toSorted());
    await carrier.end('ep_q', 2);
    expect(queues.size()).toBe(0);
  });
});

describe('a queue where only the newest counts', () => {
  test('sends the newest of what waited, and lets what is under way end', async () => {
    const { carrier, queues } = open({ concurrency: 1 });
    const state = () => deliveriesTo('ep_n', 1, { orderKey: 'a', isLatestOnly: true })[0]!;
    const [first, second, third] = [state(), state(), state()];
    const other = deliveriesTo('ep_n', 1, { orderKey: 'b', isLatestOnly: true })[0]!;
    queues.add([first]);
    queues.add([second, other]);
    queues.add([third]);
    expect(queues.size()).toBe(3);
    await carrier.end('ep_n', 3);
    expect(carrier.begun).toEqual(idsOf([first, other, third]));
    expect(queues.size()).toBe(0);
  });
});

test('queues carry each delivery exactly once or hand it over, and lose none', async () => {
  const item = fc.record({
    id: fc.constantFrom<EndpointId>('ep_x', 'ep_y', 'ep_z'),
    orderKey: fc.constantFrom('a', 'b'),
    priority: fc.integer({ min: 0, max: 2 }),
    isFailing: fc.boolean(),
  });
  const batches = fc.array(fc.array(item, { maxLength: 15 }), { maxLength: 8 });
  rows.set('ep_z', endpointRow({ id: 'ep_z', ordering: 'resource' }));
  await fc.assert(
    fc.asyncProperty(batches, fc.integer({ min: 1, max: 4 }), async (plan, concurrency) => {
      let most = 0;
      const seen: string[] = [];
      const failing = new Set<string>();
      const heldBack: OutgoingDelivery[] = [];
      const given: OutgoingDelivery[] = [];
      const counts = new Map<EndpointId, number>();
      const queues = createEndpointQueues({
        concurrency,
        longest: 5,
        send: async (delivery) => {
          const { eventId, endpoint, orderKey } = delivery;
          seen.push(eventId);
          const atOnce = (counts.get(endpoint.id) ?? 0) + 1;
          counts.set(endpoint.id, atOnce);
          most = Math.max(most, atOnce);
          await turn();
          counts.set(endpoint.id, (counts.get(endpoint.id) ?? 0) - 1);
          if (!failing.has(eventId)) return outcomeOf(delivery, 'delivered');
          // As the database would: what stands behind a failed one is the workflow's.
          const isBehind = (one: OutgoingDelivery) =>
            endpoint.ordering === 'resource' &&
            one.endpoint.id === endpoint.id &&
            one.orderKey === orderKey &&
            !seen.includes(one.eventId);
          heldBack.push(...given.filter(isBehind));
          return outcomeOf(delivery, 'retry');
        },
        onHandoff: ({ waiting }) => seen.push(...idsOf(waiting)),
      });
      for (const batch of plan) {
        const deliveries = batch.map(({ id, orderKey, priority, isFailing }) => {
          const [delivery] = deliveriesTo(id, 1, { orderKey, priority });
          if (isFailing) failing.add(delivery!.eventId);
          return delivery!;
        });
        given.push(...deliveries);
        queues.add(deliveries);
        await turn();
      }
      while (queues.size() > 0) await turn();
      await queues.idle();
      queues.stop();
      expect(most).toBeLessThanOrEqual(concurrency);
      expect(new Set(seen).size).toBe(seen.length);
      const accounted = new Set([...seen, ...idsOf(heldBack)]);
      expect(given.filter(({ eventId }) => !accounted.has(eventId))).toEqual([]);
    }),
  );
});
