import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { jitteredBackoffMs } from '../domain/retry-schedule.ts';
import { cancelledBy } from '../outbound/calls.ts';
import { ProviderFault } from '../providers/faults.ts';

/**
 * The only place where an error becomes a retry decision. Other errors are defects or machine faults; the activity's
 * own policy retries them. `attempt` counts from 1.
 */
export function toFailure(error: unknown, attempt: number, random = Math.random()): unknown {
  if (!(error instanceof ProviderFault)) return error;
  const needsPerson = error.kind === 'misconfigured';
  // Jitter keeps thousands of orders that failed in one second from retrying in one second.
  const backoffMs = jitteredBackoffMs({ attempt, random });
  return ApplicationFailure.create({
    type: `provider.${error.kind}`,
    message: `${error.code}: ${error.message}`,
    nonRetryable: needsPerson,
    // An unavailable provider is expected; only faults that a person must fix count as errors.
    ...(!needsPerson && {
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: Math.max(backoffMs, error.retryAfterMs ?? 0),
    }),
    cause: error,
  });
}

/**
 * Wraps each activity of a group: its errors become Temporal failures, and its outgoing calls end when it is cancelled
 * or times out.
 */
export function withFailures<T extends object>({ client }: { client: Client }, activities: T): T {
  const wrapped = Object.entries(activities).map(([name, run]) => [
    name,
    async (input: never) => {
      const { cancellationSignal, info } = Context.current();
      try {
        return await cancelledBy(cancellationSignal, () =>
          client.withAbortSignal(cancellationSignal, () => run(input)),
        );
      } catch (error) {
        throw toFailure(error, info.attempt);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
