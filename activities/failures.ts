import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { jitteredBackoffMs } from '../domain/retry-schedule.ts';
import { cancelledBy } from '../outbound/calls.ts';
import { ProviderFault } from '../providers/faults.ts';

/**
 * The only place where an error becomes a retry decision. What is not named here is a fault of ours
 * or of the machine's, and is retried by the policy of the activity. `attempt` counts from 1.
 */
export function toFailure(error: unknown, attempt: number, random = Math.random()): unknown {
  if (!(error instanceof ProviderFault)) return error;
  const isForPeople = error.kind === 'misconfigured';
  // Thousands of orders that failed in the same second must not come back in the same second.
  const backoffMs = jitteredBackoffMs({ attempt, random });
  return ApplicationFailure.create({
    type: `provider.${error.kind}`,
    message: `${error.code}: ${error.message}`,
    nonRetryable: isForPeople,
    // A provider that is down is expected; only what a person must mend is an error to us.
    ...(!isForPeople && {
      category: ApplicationFailureCategory.BENIGN,
      nextRetryDelay: Math.max(backoffMs, error.retryAfterMs ?? 0),
    }),
    cause: error,
  });
}

/**
 * Lets every activity of a group fail in Temporal's terms, and ends its calls out as soon as it is cancelled or its
 * time is over.
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
