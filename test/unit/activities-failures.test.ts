import type { Client } from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { toFailure, withFailures } from '../../activities/failures.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { ProviderFaultKind } from '../../providers/faults.ts';

const failureOf = (
  kind: ProviderFaultKind,
  {
    retryAfterMs,
    attempt = 1,
    random = 0.5,
  }: { retryAfterMs?: number; attempt?: number; random?: number } = {},
) =>
  toFailure(
    new ProviderFault(kind, 'CODE', 'what they said', {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    }),
    attempt,
    random,
  ) as ApplicationFailure;

test.each(['retryable', 'unknownOutcome'] as const)(
  'a provider fault that is %s is tried again, and is no alarm',
  (kind) => {
    const failure = failureOf(kind);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({
      type: `provider.${kind}`,
      message: 'CODE: what they said',
      nonRetryable: false,
      category: ApplicationFailureCategory.BENIGN,
    });
    expect(failure.nextRetryDelay).toBe(1_000);
  },
);

test('what is misconfigured is not tried again, and is an alarm', () => {
  const failure = failureOf('misconfigured');
  expect(failure).toMatchObject({ type: 'provider.misconfigured', nonRetryable: true });
  expect(failure.category).not.toBe(ApplicationFailureCategory.BENIGN);
});

test('a provider that says when to come back is asked then', () => {
  expect(failureOf('retryable', { retryAfterMs: 7_000 }).nextRetryDelay).toBe(7_000);
  expect(failureOf('retryable', { retryAfterMs: 0 }).nextRetryDelay).toBe(1_000);
});

test('a herd that failed in one second does not come back in one second', () => {
  const delaysMs = Array.from(
    { length: 200 },
    (_, i) => failureOf('unknownOutcome', { attempt: 9, random: i / 200 }).nextRetryDelay,
  );
  expect(Math.min(...delaysMs.map(Number))).toBe(45_000);
  expect(Math.max(...delaysMs.map(Number))).toBeGreaterThan(74_000);
});

test('the fault stays readable as the cause', () => {
  const fault = new ProviderFault('retryable', 'CODE', 'what they said');
  expect((toFailure(fault, 1) as ApplicationFailure).cause).toBe(fault);
});

test('what is not a provider fault is left to the policy of the activity', () => {
  for (const error of [new Error('the database is away'), 'text', undefined]) {
    expect(toFailure(error, 1)).toBe(error);
  }
});

test('every activity of a group fails in these terms, and answers untouched', async () => {
  // No Temporal here: what is asked of it ends with the activity.
  const client = {
    withAbortSignal: (_: AbortSignal, run: () => Promise<unknown>) => run(),
  } as unknown as Client;
  const activities = withFailures(
    { client },
    {
      fine: async ({ n }: { n: number }) => n + 1,
      faulty: async ({ n }: { n: number }): Promise<number> => {
        if (n === 0) return 0;
        throw new ProviderFault('misconfigured', 'CODE', 'what they said');
      },
      broken: async ({ n }: { n: number }): Promise<number> => {
        if (n === 0) return 0;
        throw new TypeError('ours');
      },
    },
  );
  const run = (activity: (input: { n: number }) => Promise<number>) =>
    new MockActivityEnvironment().run(activity, { n: 1 });
  await expect(run(activities.fine)).resolves.toBe(2);
  await expect(run(activities.faulty)).rejects.toMatchObject({
    name: 'ApplicationFailure',
    nonRetryable: true,
  });
  await expect(run(activities.broken)).rejects.toBeInstanceOf(TypeError);
});
