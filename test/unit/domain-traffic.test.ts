import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { trafficOf } from '../../domain/traffic.ts';

const sums = fc.record({
  seconds: fc.integer({ min: 1, max: 3_600 }),
  sent: fc.integer({ min: 1, max: 1_000_000 }),
  delivered: fc.nat(1_000_000),
  waitingMs: fc.nat(1_000_000_000),
  transferMs: fc.integer({ min: 1, max: 1_000_000_000 }),
  window: fc.integer({ min: 1, max: 64 }),
});

test('an endpoint of four calls at once, each 200 ms, that gets ten a second fills half its window', () => {
  const traffic = trafficOf({
    seconds: 300,
    sent: 3_000,
    delivered: 3_000,
    window: 4,
    waitingMs: 30_000,
    transferMs: 600_000,
  });
  expect(traffic).toMatchObject({
    deliveredPerSecond: 10,
    waitingMs: 10,
    transferMs: 200,
    delayMs: 210,
    capacityPerSecond: 20,
    throughput: 0.5,
  });
});

test('the delay is the waiting and the transfer; what the window lets through grows with it', () => {
  fc.assert(
    fc.property(sums, (given) => {
      const traffic = trafficOf(given);
      expect(traffic.delayMs).toBeCloseTo(traffic.waitingMs! + traffic.transferMs!, 6);
      const wider = trafficOf({ ...given, window: given.window * 2 });
      expect(wider.capacityPerSecond! / traffic.capacityPerSecond!).toBeCloseTo(2, 6);
      expect(traffic.throughput! * traffic.capacityPerSecond!).toBeCloseTo(
        traffic.deliveredPerSecond,
        6,
      );
    }),
  );
});

test('of what was not sent nothing is said, and a closed window has no throughput', () => {
  const none = { seconds: 300, sent: 0, delivered: 0, waitingMs: 0, transferMs: 0, window: 0 };
  expect(trafficOf(none)).toMatchObject({ deliveredPerSecond: 0, delayMs: null, throughput: null });
  expect(trafficOf({ ...none, sent: 3, transferMs: 9 })).toMatchObject({
    window: 0,
    capacityPerSecond: 0,
    throughput: null,
  });
});
