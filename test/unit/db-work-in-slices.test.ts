import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isSliceUsed, nextSlice, workInSlices } from '../../db/work-in-slices.ts';

/** Holds the event loop, as work does. */
function hold(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

function* steps(count: number, ms: number): Generator<undefined, string> {
  for (let n = 0; n < count; n++) {
    hold(ms);
    yield;
  }
  return 'done';
}

/** How many turns of the loop others had while something was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const counting = (async () => {
    for (; !isOver; turns++) await turn();
  })();
  await work;
  isOver = true;
  await counting;
  return turns;
}

test('long work lets others have the loop in between, and short work goes on', async () => {
  expect(await workInSlices(steps(3, 0))).toBe('done');
  expect(await turnsDuring(workInSlices(steps(20, 6)))).toBeGreaterThanOrEqual(9);
  expect(await turnsDuring(workInSlices(steps(20, 0)))).toBeLessThanOrEqual(3);
});

test('many at once have one slice a turn between them', async () => {
  const all = Promise.all(Array.from({ length: 10 }, () => workInSlices(steps(3, 12))));
  // Thirty steps, each of which uses up a slice.
  expect(await turnsDuring(all)).toBeGreaterThanOrEqual(28);
});

test('whoever waits goes on in the order of coming', async () => {
  const order: number[] = [];
  hold(12);
  await Promise.all([1, 2, 3].map((n) => nextSlice().then(() => order.push(n))));
  expect(order).toEqual([1, 2, 3]);
});

test('a slice is used up by what anybody does within the turn', async () => {
  await turn();
  expect(isSliceUsed()).toBe(false);
  hold(12);
  expect(isSliceUsed()).toBe(true);
  await nextSlice();
  expect(isSliceUsed()).toBe(false);
});

test('an error of the work is its own', async () => {
  // oxlint-disable-next-line require-yield
  const broken = (function* (): Generator<undefined, void> {
    throw new Error('broken');
  })();
  await expect(workInSlices(broken)).rejects.toThrow('broken');
});
