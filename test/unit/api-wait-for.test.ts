import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseWaitMs, waitFor } from '../../api/wait-for.ts';

test.each([
  ['wait=10', 10_000],
  ['wait=0', 0],
  ['wait = 5', 5_000],
  ['wait="7"', 7_000],
  ['WAIT=3', 3_000],
  ['return=minimal, wait=3', 3_000],
  ['return=minimal; wait=3', 3_000],
  ['wait=3, handling=lenient', 3_000],
  ['wait=60', 60_000],
  ['wait=61', 60_000],
  ['wait=999999', 60_000],
  ['respond-async', 0],
  ['respond-async, wait=10', 0],
  ['wait=10, respond-async', 0],
  ['Respond-Async', 0],
])('Prefer: %s waits %d ms', (prefer, waitMs) => {
  expect(parseWaitMs(prefer, 1_234)).toBe(waitMs);
});

test.each([undefined, '', 'wait', 'wait=', 'wait=soon', 'wait=-5', 'await=10', 'return=minimal'])(
  'Prefer: %s leaves the wait as it is by default',
  (prefer) => {
    expect(parseWaitMs(prefer, 1_234)).toBe(1_234);
  },
);

test('nothing in the header makes anyone wait longer than a minute, or less than nothing', () => {
  const wait = fc.integer().map((seconds) => `wait=${seconds}`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), wait), fc.nat({ max: 60_000 }), (prefer, fallbackMs) => {
      const waitMs = parseWaitMs(prefer, fallbackMs);
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(60_000);
    }),
  );
});

/** Changes that are told by hand; `listening` says who hears. */
function byHand() {
  const listeners = new Set<() => void>();
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return { subscribe, listeners, tell: () => listeners.forEach((listener) => listener()) };
}

const foreverMs = 3_600_000;

test('what is enough already is answered at once, and nobody listens on', async () => {
  const { subscribe, listeners } = byHand();
  const value = await waitFor({
    subscribe,
    timeoutMs: foreverMs,
    caller: new AbortController().signal,
    read: async () => 'enough',
    isEnough: () => true,
  });
  expect(value).toBe('enough');
  expect(listeners.size).toBe(0);
});

test('it looks once for each change and not between them, and misses none during a look', async () => {
  const { subscribe, listeners, tell } = byHand();
  let looks = 0;
  const value = await waitFor({
    subscribe,
    timeoutMs: foreverMs,
    caller: new AbortController().signal,
    read: async () => {
      looks += 1;
      // A change that falls in the middle of a look.
      tell();
      return looks;
    },
    isEnough: (seen) => seen === 5,
  });
  expect(value).toBe(5);
  expect(looks).toBe(5);
  expect(listeners.size).toBe(0);
});

test('the last look is answered when the time is over', async () => {
  const { subscribe } = byHand();
  const value = await waitFor({
    subscribe,
    timeoutMs: 5,
    caller: new AbortController().signal,
    read: async () => 'not enough',
    isEnough: () => false,
  });
  expect(value).toBe('not enough');
});

test('nobody waits for a caller that has gone', async () => {
  const { subscribe, listeners } = byHand();
  const caller = new AbortController();
  const waiting = waitFor({
    subscribe,
    timeoutMs: foreverMs,
    caller: caller.signal,
    read: async () => 'whatever',
    isEnough: () => false,
  });
  caller.abort();
  expect(await waiting).toBe('whatever');
  expect(listeners.size).toBe(0);
});

test('a look that fails fails the wait, and nobody listens on', async () => {
  const { subscribe, listeners } = byHand();
  const waiting = waitFor({
    subscribe,
    timeoutMs: foreverMs,
    caller: new AbortController().signal,
    read: () => Promise.reject(new Error('the database is away')),
    isEnough: () => true,
  });
  await expect(waiting).rejects.toThrow('the database is away');
  expect(listeners.size).toBe(0);
});

test('where the caller knows that there is nothing yet, the first look comes with the first change', async () => {
  const { subscribe, tell } = byHand();
  let looks = 0;
  const waiting = waitFor({
    subscribe,
    timeoutMs: foreverMs,
    caller: new AbortController().signal,
    read: async () => (looks += 1),
    isEnough: () => true,
    isKnownStale: true,
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(looks).toBe(0);
  tell();
  expect(await waiting).toBe(1);
});
