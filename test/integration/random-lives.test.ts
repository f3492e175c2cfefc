import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { runLives } from '../chaos/run-for-test.ts';

// The small sister of `test/chaos/run.ts --kills 0 --orders 2000`: the same lives, faults and checker.

test('sixty random lives at three providers under random faults break none of the seventeen invariants', async () => {
  const { summary, course } = await runLives({
    provider: 'all',
    orders: 60,
    kills: 0,
    spread: 15,
    seed: randomInt(1, 1_000_000),
  });
  const { ok, broken, verdicts, figures } = summary;
  // With the course of events, so that a broken run tells its story; its seed repeats it.
  expect({ ok, broken, course: ok ? '' : course }).toEqual({ ok: true, broken: [], course: '' });
  expect(Object.keys(verdicts)).toHaveLength(17);
  expect(new Set(Object.values(verdicts))).toEqual(new Set(['held']));
  expect(figures['orders']).toBe(60);
}, 420_000);
