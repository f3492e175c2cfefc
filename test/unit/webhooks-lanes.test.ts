import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createLanes } from '../../webhooks/lanes.ts';

let numbers = 0;

function deliveriesTo(endpointId: EndpointId, count: number): OutgoingDelivery[] {
  return Array.from({ length: count }, () => ({
    eventId: `evt_${(numbers += 1)}`,
    endpointId,
    url: 'https://shop.example/',
    sealedSecret: '',
    body: '',
    attempts: 0,
  }));
}

/** A carrier whose deliveries end when the test says so. */
function createCarrier() {
  const underWay: { delivery: OutgoingDelivery; end: () => void }[] = [];
  const begun: string[] = [];
  return {
    begun,
    carry: (delivery: OutgoingDelivery) => {
      begun.push(delivery.eventId);
      return new Promise<void>((resolve) => underWay.push({ delivery, end: resolve }));
    },
    at: (endpointId: EndpointId) =>
      underWay.filter(({ delivery }) => delivery.endpointId === endpointId).length,
    async end(endpointId: EndpointId, count = 1) {
      for (let i = 0; i < count; i++) {
        const index = underWay.findIndex(({ delivery }) => delivery.endpointId === endpointId);
        underWay.splice(index, 1)[0]?.end();
        // Lets the lane hear of it before the next one ends.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

const neverOverflows = () => {
  throw new Error('no lane was to overflow');
};

describe('lanes', () => {
  test('bound what is under way, for each endpoint by itself', async () => {
    const carrier = createCarrier();
    const lanes = createLanes({
      concurrency: 3,
      longest: 100,
      carry: carrier.carry,
      onOverflow: neverOverflows,
    });
    lanes.add([...deliveriesTo('ep_a', 10), ...deliveriesTo('ep_b', 2)]);
    expect([carrier.at('ep_a'), carrier.at('ep_b')]).toEqual([3, 2]);
    expect(lanes.size()).toBe(12);
    await carrier.end('ep_a');
    expect(carrier.at('ep_a')).toBe(3);
    expect(lanes.size()).toBe(11);
  });

  test('that are stuck do not hold up another', async () => {
    const carrier = createCarrier();
    const lanes = createLanes({
      concurrency: 1,
      longest: 100,
      carry: carrier.carry,
      onOverflow: neverOverflows,
    });
    lanes.add([...deliveriesTo('ep_stuck', 50), ...deliveriesTo('ep_fast', 5)]);
    await carrier.end('ep_fast', 5);
    lanes.add(deliveriesTo('ep_fast', 1));
    await carrier.end('ep_fast');
    expect(carrier.at('ep_fast')).toBe(0);
    expect(carrier.at('ep_stuck')).toBe(1);
    expect(lanes.size()).toBe(50);
  });

  test('carry in the order in which they were given', async () => {
    const carrier = createCarrier();
    const lanes = createLanes({
      concurrency: 1,
      longest: 100,
      carry: carrier.carry,
      onOverflow: neverOverflows,
    });
    const deliveries = deliveriesTo('ep_a', 6);
    lanes.add(deliveries.slice(0, 4));
    lanes.add(deliveries.slice(4));
    await carrier.end('ep_a', 6);
    expect(carrier.begun).toEqual(deliveries.map(({ eventId }) => eventId));
  });

  test('that grow too long are handed over with all that waits, and start anew', async () => {
    const carrier = createCarrier();
    const handedOver: { endpointId: EndpointId; eventIds: string[] }[] = [];
    const lanes = createLanes({
      concurrency: 2,
      longest: 3,
      carry: carrier.carry,
      onOverflow: (endpointId, waiting) => {
        handedOver.push({ endpointId, eventIds: waiting.map(({ eventId }) => eventId) });
      },
    });
    const deliveries = deliveriesTo('ep_a', 5);
    lanes.add(deliveries);
    expect(handedOver).toEqual([]);
    const more = deliveriesTo('ep_a', 1);
    lanes.add([...more, ...deliveriesTo('ep_b', 3)]);
    const waiting = [...deliveries.slice(2), ...more].map(({ eventId }) => eventId);
    expect(handedOver).toEqual([{ endpointId: 'ep_a', eventIds: waiting }]);
    expect(lanes.size()).toBe(2 + 3);
    await carrier.end('ep_a', 2);
    await carrier.end('ep_b', 3);
    expect(lanes.size()).toBe(0);
    lanes.add(deliveriesTo('ep_a', 1));
    expect(carrier.at('ep_a')).toBe(1);
  });

  test('are idle when nothing is under way', async () => {
    const carrier = createCarrier();
    const lanes = createLanes({
      concurrency: 2,
      longest: 100,
      carry: carrier.carry,
      onOverflow: neverOverflows,
    });
    await lanes.idle();
    lanes.add(deliveriesTo('ep_a', 3));
    let isIdle = false;
    const idle = lanes.idle().then(() => {
      isIdle = true;
    });
    await carrier.end('ep_a', 2);
    expect(isIdle).toBe(false);
    await carrier.end('ep_a');
    await idle;
    expect(lanes.size()).toBe(0);
  });

  test('carry each delivery exactly once or hand it over, and lose none', async () => {
    const batches = fc.array(
      fc.array(fc.constantFrom<EndpointId>('ep_a', 'ep_b', 'ep_c'), { maxLength: 15 }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 1, max: 4 }), async (plan, concurrency) => {
        const seen: string[] = [];
        const counts = new Map<EndpointId, number>();
        const lanes = createLanes({
          concurrency,
          longest: 5,
          carry: async ({ eventId, endpointId }) => {
            seen.push(eventId);
            const atOnce = (counts.get(endpointId) ?? 0) + 1;
            counts.set(endpointId, atOnce);
            expect(atOnce).toBeLessThanOrEqual(concurrency);
            await new Promise((resolve) => setImmediate(resolve));
            counts.set(endpointId, (counts.get(endpointId) ?? 0) - 1);
          },
          onOverflow: (_, waiting) => seen.push(...waiting.map(({ eventId }) => eventId)),
        });
        const given: string[] = [];
        for (const batch of plan) {
          const deliveries = batch.flatMap((endpointId) => deliveriesTo(endpointId, 1));
          given.push(...deliveries.map(({ eventId }) => eventId));
          lanes.add(deliveries);
          await new Promise((resolve) => setImmediate(resolve));
        }
        await lanes.idle();
        expect(lanes.size()).toBe(0);
        expect(seen.toSorted()).toEqual(given.toSorted());
      }),
      { numRuns: 50 },
    );
  });
});
