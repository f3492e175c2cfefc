import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeAttempt } from '../../domain/delivery.ts';

const retryAfterMs = fc.option(fc.nat(), { nil: undefined });

test('only 2xx is success', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), retryAfterMs, (statusCode, waitMs) => {
      const verdict = judgeAttempt({ kind: 'response', statusCode, retryAfterMs: waitMs });
      expect(verdict.kind === 'delivered').toBe(Math.floor(statusCode / 100) === 2);
    }),
  );
});

test('a redirect is a failure, 410 ends it, and a 503 says when to come back', () => {
  expect(judgeAttempt({ kind: 'response', statusCode: 302 })).toEqual({
    kind: 'failed',
    retryAfterMs: undefined,
  });
  expect(judgeAttempt({ kind: 'response', statusCode: 410 })).toEqual({ kind: 'gone' });
  expect(judgeAttempt({ kind: 'response', statusCode: 503, retryAfterMs: 7_000 })).toEqual({
    kind: 'failed',
    retryAfterMs: 7_000,
  });
});

test('only 410 ends it for good', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), (statusCode) => {
      const { kind } = judgeAttempt({ kind: 'response', statusCode });
      expect(kind === 'gone').toBe(statusCode === 410);
    }),
  );
});

test('no answer is a failure to be tried again', () => {
  expect(judgeAttempt({ kind: 'error', code: 'timeout' })).toEqual({
    kind: 'failed',
    retryAfterMs: undefined,
  });
});
