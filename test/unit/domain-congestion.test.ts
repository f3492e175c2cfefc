import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  largestWindow,
  newCongestion,
  onAcknowledged,
  onFailed,
  onStalled,
  openings,
  roundTripsFor,
} from '../../domain/congestion.ts';
import type { Congestion } from '../../domain/congestion.ts';

const nowMs = 1_000_000;
/** A call that began after all that is known of. */
const fail = (state: Congestion, retryAfterMs?: number) =>
  failOfFlight(state, state.losses, retryAfterMs);
const failOfFlight = (state: Congestion, lossesBefore: number, retryAfterMs?: number) =>
  onFailed(state, { nowMs, random: 0.5, lossesBefore, retryAfterMs });
const acknowledge = (state: Congestion, times: number) =>
  Array.from({ length: times }).reduce<Congestion>((one) => onAcknowledged(one), state);
const open = (state: Congestion, underWay = 0) =>
  openings(state, { nowMs, underWay, bound: largestWindow });

test('a window doubles once it is acknowledged, up to the largest', () => {
  const windows = [2, 4, 8, 16, 32, 64].map((acks) => acks - 2);
  expect(windows.map((acks) => acknowledge(newCongestion, acks).window)).toEqual([
    2, 4, 8, 16, 32, 64,
  ]);
  expect(acknowledge(newCongestion, 1_000).window).toBe(largestWindow);
});

test('above its threshold a window grows by about one for each window acknowledged', () => {
  const halved = fail({ ...newCongestion, window: 16 });
  expect(halved).toMatchObject({ window: 8, threshold: 8, probeAtMs: 0 });
  const { window } = acknowledge(halved, 8);
  expect(window).toBeGreaterThan(8.5);
  expect(window).toBeLessThanOrEqual(9);
});

test('three failures in a row close an endpoint to one probe, which opens it slowly', () => {
  const closed = fail(fail(fail({ ...newCongestion, window: 32 })));
  expect(closed).toMatchObject({ window: 0, failures: 3, probeAtMs: nowMs + 5_000 });
  expect(open(closed)).toBe(0);
  expect(openings(closed, { nowMs: nowMs + 5_000, underWay: 0, bound: 64 })).toBe(1);
  expect(openings(closed, { nowMs: nowMs + 5_000, underWay: 1, bound: 64 })).toBe(0);
  expect(onAcknowledged(closed)).toMatchObject({ window: 1, failures: 0, probeAtMs: 0 });
});

test('what was under way together and failed is one failure', () => {
  const before = { ...newCongestion, window: 64 };
  const flight = Array.from({ length: 64 }).reduce<Congestion>(
    (state) => failOfFlight(state, before.losses),
    before,
  );
  expect(flight).toMatchObject({ window: 32, failures: 1, probeAtMs: 0 });
  expect(fail(flight)).toMatchObject({ window: 16, failures: 2 });
  // But each may ask for more time than the one before.
  const asked = failOfFlight(failOfFlight(flight, before.losses, 9_000), before.losses, 1_000);
  expect(asked).toEqual({ ...flight, probeAtMs: nowMs + 9_000 });
});

test('probes come ever later, up to five minutes', () => {
  let state = newCongestion;
  const waits = Array.from({ length: 12 }, () => {
    state = fail(state);
    return state.probeAtMs === 0 ? 0 : state.probeAtMs - nowMs;
  });
  expect(waits.slice(0, 6)).toEqual([0, 0, 5_000, 10_000, 20_000, 40_000]);
  expect(waits.at(-1)).toBe(300_000);
});

test('a receiver that asks for time gets it, for everything', () => {
  const asked = fail({ ...newCongestion, window: 8 }, 30_000);
  expect(asked.probeAtMs).toBe(nowMs + 30_000);
  expect(open(asked)).toBe(0);
  expect(openings(asked, { nowMs: nowMs + 30_000, underWay: 0, bound: 64 })).toBe(4);
});

test('an endpoint that stalls gets one call at a time, and starts slowly up to half of what was', () => {
  const wide = onStalled({ ...newCongestion, window: 40 });
  expect(wide).toEqual({ ...newCongestion, window: 1, threshold: 20 });
  expect(onStalled(wide)).toBe(wide);
  expect(acknowledge(wide, 19)).toMatchObject({ window: 20 });
  expect(acknowledge(wide, 20).window).toBeCloseTo(20.05);
  expect(onStalled(newCongestion)).toMatchObject({ window: 1, threshold: 2 });
  const closed = fail(fail(fail(newCongestion)));
  expect(onStalled(closed)).toBe(closed);
});

test('whatever happens, a window stays within its bounds and never opens more than it has room for', () => {
  const step = fc.oneof(
    fc.constant('ack' as const),
    fc.constant('fail' as const),
    fc.constant('throttle' as const),
    fc.constant('late' as const),
  );
  fc.assert(
    fc.property(
      fc.array(step),
      fc.nat(100),
      fc.integer({ min: 1, max: 64 }),
      (steps, underWay, bound) => {
        const state = steps.reduce<Congestion>((one, name) => {
          if (name === 'ack') return onAcknowledged(one);
          if (name === 'late') return failOfFlight(one, Math.max(0, one.losses - 1));
          return fail(one, name === 'throttle' ? 1_000 : undefined);
        }, newCongestion);
        expect(state.window).toBeGreaterThanOrEqual(0);
        expect(state.window).toBeLessThanOrEqual(largestWindow);
        const more = openings(state, { nowMs: nowMs + 1e9, underWay, bound });
        expect(more + underWay).toBeLessThanOrEqual(Math.max(bound, underWay));
        // Whatever was, one success later there is room for at least one.
        expect(open(onAcknowledged(state))).toBeGreaterThanOrEqual(1);
      },
    ),
  );
});

test('what waits is through in as many round trips as its window takes to grow', () => {
  const roundTrips = (count: number, state = newCongestion, bound = 64) =>
    roundTripsFor(state, { count, bound });
  expect([0, 1, 2, 6, 126].map((count) => roundTrips(count))).toEqual([0, 0.5, 1, 2, 6]);
  // Once the window is as wide as it gets, each takes as many.
  expect(roundTrips(126 - 64 + 640)).toBe(5 + 10);
  expect(roundTrips(100, newCongestion, 1)).toBe(100);
  expect(roundTrips(6 + 80, newCongestion, 8)).toBe(2 + 10);
  // Above its threshold: 8, 9, 10.
  expect(roundTrips(27, { ...newCongestion, window: 8, threshold: 8 })).toBe(3);
  expect(roundTrips(3, { ...newCongestion, window: 0 })).toBe(2);
});

test('round trips are those that acknowledgements make, one after the other', () => {
  const states = fc.record({
    window: fc.integer({ min: 1, max: largestWindow }),
    threshold: fc.integer({ min: 2, max: largestWindow }),
  });
  fc.assert(
    fc.property(states, fc.integer({ min: 1, max: 2_000 }), (known, count) => {
      let [state, left, trips] = [{ ...newCongestion, ...known }, count, 0];
      for (; left > 0; trips++) {
        const flight = Math.min(open(state), left);
        left -= flight;
        state = acknowledge(state, flight);
      }
      const estimate = roundTripsFor({ ...newCongestion, ...known }, { count, bound: 64 });
      // A window that grows by one for each of its acknowledgements is at times one narrower.
      expect(Math.ceil(estimate)).toBeLessThanOrEqual(trips);
      expect(trips).toBeLessThanOrEqual(Math.ceil(1.3 * estimate) + 1);
    }),
  );
});
