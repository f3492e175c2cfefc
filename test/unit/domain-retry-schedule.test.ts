import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deliveryScheduleMs, nextAttempt, parseRetryAfterMs } from '../../domain/retry-schedule.ts';

const dayMs = 86_400_000;
const attempts = fc.integer({ min: 1, max: deliveryScheduleMs.length });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const delayOf = (input: Parameters<typeof nextAttempt>[0]) => {
  const decision = nextAttempt(input);
  return decision.kind === 'retry' ? decision.delayMs : Number.NaN;
};

test('the waits are 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h', () => {
  const hours = [2, 5, 10, 14, 20, 24].map((h) => h * 3_600_000);
  expect(deliveryScheduleMs).toEqual([5_000, 300_000, 1_800_000, ...hours]);
});

test('jitter moves a wait by a fifth at most, either way', () => {
  expect(delayOf({ attempts: 1, random: 0 })).toBe(4_000);
  expect(delayOf({ attempts: 1, random: 0.5 })).toBe(5_000);
  fc.assert(
    fc.property(attempts, random, (n, r) => {
      const baseMs = deliveryScheduleMs[n - 1] ?? Number.NaN;
      const delayMs = delayOf({ attempts: n, random: r });
      expect(delayMs).toBeGreaterThanOrEqual(baseMs * 0.8 - 1);
      expect(delayMs).toBeLessThanOrEqual(baseMs * 1.2 + 1);
    }),
  );
});

test('a herd of failures does not come back as a herd', () => {
  const waits = Array.from({ length: 100 }, (_, i) => delayOf({ attempts: 2, random: i / 100 }));
  expect(new Set(waits).size).toBe(100);
});

test('Retry-After only ever lengthens the wait', () => {
  fc.assert(
    fc.property(attempts, random, fc.nat({ max: 10 * dayMs }), (n, r, retryAfterMs) => {
      const plain = delayOf({ attempts: n, random: r });
      const asked = delayOf({ attempts: n, random: r, retryAfterMs });
      expect(asked).toBe(Math.max(plain, Math.min(retryAfterMs, dayMs)));
    }),
  );
});

test('after the last wait there is no other, whatever the receiver asks for', () => {
  expect(nextAttempt({ attempts: deliveryScheduleMs.length, random: 0.5 }).kind).toBe('retry');
  fc.assert(
    fc.property(fc.nat({ max: 1_000 }), random, (more, r) => {
      const n = deliveryScheduleMs.length + 1 + more;
      expect(nextAttempt({ attempts: n, random: r, retryAfterMs: 1_000 })).toEqual({
        kind: 'exhausted',
      });
    }),
  );
});

test('another schedule may be given', () => {
  expect(nextAttempt({ attempts: 1, random: 0.5 }, [10])).toEqual({ kind: 'retry', delayMs: 10 });
  expect(nextAttempt({ attempts: 2, random: 0.5 }, [10])).toEqual({ kind: 'exhausted' });
});

describe('a Retry-After header', () => {
  const nowMs = Date.parse('2026-11-22T09:30:00Z');

  test('in seconds is read as such', () => {
    expect(parseRetryAfterMs('120', nowMs)).toBe(120_000);
    expect(parseRetryAfterMs(' 0 ', nowMs)).toBe(0);
  });

  test('with an HTTP date says how long from now', () => {
    expect(parseRetryAfterMs('Sun, 22 Nov 2026 09:31:00 GMT', nowMs)).toBe(60_000);
  });

  test.each([
    'Sun, 22 Nov 2026 09:29:00 GMT',
    'Sun, 22 Nov 2026 09:30:00 GMT',
    '-5',
    '1.5',
    '1e9',
    '99999999999',
    'soon',
    'try again 2999',
    '3000-01-01',
    '',
  ])('that says %j says nothing', (header) => {
    expect(parseRetryAfterMs(header, nowMs)).toBeUndefined();
  });

  test('that is not there says nothing', () => {
    expect(parseRetryAfterMs(undefined, nowMs)).toBeUndefined();
  });

  test('can say anything and never gives a wait that is none', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const waitMs = parseRetryAfterMs(header, nowMs);
        expect(waitMs === undefined || (Number.isSafeInteger(waitMs) && waitMs >= 0)).toBe(true);
      }),
    );
  });
});
