import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { ProviderFault } from '../providers/faults.ts';

/**
 * The only place where an error becomes a retry decision. What is not named here is a fault of ours
 * or of the machine's, and is retried by the policy of the activity.
 */
export function toFailure(error: unknown): unknown {
  if (!(error instanceof ProviderFault)) return error;
  return ApplicationFailure.create({
    type: `provider.${error.kind}`,
    message: `${error.code}: ${error.message}`,
    nonRetryable: error.kind === 'misconfigured',
    // A provider that is down is expected; only what a person must mend is an error to us.
    ...(error.kind !== 'misconfigured' && { category: ApplicationFailureCategory.BENIGN }),
    ...(error.retryAfterMs !== undefined && { nextRetryDelay: error.retryAfterMs }),
    cause: error,
  });
}

type Activity = (input: never) => Promise<unknown>;

/** Lets every activity of a group fail in Temporal's terms. */
export function withFailures<T extends Record<string, Activity>>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, run]) => [
    name,
    async (input: never) => {
      try {
        return await run(input);
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
