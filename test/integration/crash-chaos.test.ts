import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { runLives } from '../chaos/run-for-test.ts';

// The small sister of `test/chaos/run.ts --kills 2`: the same script, a minute or two instead of ten.

test('orders at three providers survive the kill -9 of worker, API and Temporal', async () => {
  const seed = randomInt(1, 1_000_000);
  const { summary, course } = await runLives({
    provider: 'all',
    orders: 20,
    kills: 1,
    spread: 20,
    seed,
  });
  const { ok, broken, figures, kills } = summary;
  // With the course of events, so that a broken run tells its story; its seed repeats it.
  expect({ ok, broken, course: ok ? '' : course }).toEqual({ ok: true, broken: [], course: '' });
  expect(course).toMatch(new RegExp(`^seed ${seed}\n`));
  expect(figures['orders']).toBe(20);
  expect(kills.map(({ name }) => name).toSorted()).toEqual(['api', 'temporal', 'worker']);
}, 420_000);
