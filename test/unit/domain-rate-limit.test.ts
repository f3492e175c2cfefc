import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeTurn } from '../../domain/rate-limit.ts';

test('over any interval no more calls go than the rate and one second’s burst', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }),
      (perSecond, gapsMs) => {
        let limit = { perSecond, dueAtMs: 0 };
        let nowMs = 1_000_000;
        const startedMs = nowMs;
        let gone = 0;
        const waits: { waitMs: number; after: ReturnType<typeof takeTurn> }[] = [];
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          const turn = takeTurn(limit, nowMs);
          if (turn.kind === 'go') {
            limit = turn.limit;
            gone += 1;
          } else waits.push({ waitMs: turn.waitMs, after: takeTurn(limit, nowMs + turn.waitMs) });
        }
        // Whoever waits as told goes then, and nobody is told to wait for nothing.
        expect(waits.every(({ waitMs, after }) => waitMs > 0 && after.kind === 'go')).toBe(true);
        expect(gone).toBeLessThanOrEqual(perSecond * (1 + (nowMs - startedMs) / 1_000) + 1);
      },
    ),
  );
});

test('a rate of two lets two go at once and then one every half second', () => {
  let limit = { perSecond: 2, dueAtMs: 0 };
  const went: number[] = [];
  for (let nowMs = 1_000; nowMs <= 3_000; nowMs += 100) {
    const turn = takeTurn(limit, nowMs);
    if (turn.kind === 'wait') continue;
    limit = turn.limit;
    went.push(nowMs);
  }
  expect(went).toEqual([1_000, 1_100, 1_500, 2_000, 2_500, 3_000]);
});
