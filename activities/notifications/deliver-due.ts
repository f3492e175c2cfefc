import { Context } from '@temporalio/activity';
import type { EndpointId } from '../../domain/ids.ts';
import { dueDeliveries, outstandingDeliveries } from '../../db/queries/due-deliveries.ts';
import { recordAttempts } from '../../db/queries/record-attempts.ts';
import type { AttemptOutcome } from '../../db/queries/record-attempts.ts';
import type { ActivityDeps } from '../deps.ts';

const batchSize = 20;
const roundMs = 120_000;

export type DeliveryRound = {
  outstanding: number;
  nextDueInMs: number;
  lastFailure: string | null;
};

/**
 * Makes the attempts that are due at one endpoint, a bounded batch at a time, until none is due or
 * the round is over. Says what is left and when the next of it is due.
 */
export async function deliverDue(
  { db, attempt, stopping }: ActivityDeps,
  { endpointId }: { endpointId: EndpointId },
): Promise<DeliveryRound> {
  const endsMs = Date.now() + roundMs;
  let lastFailure: string | null = null;
  while (Date.now() < endsMs && !stopping.aborted) {
    const due = await dueDeliveries(db, { endpointId, limit: batchSize });
    if (due.length === 0) break;
    Context.current().heartbeat();
    const outcomes = await Promise.all(due.map(attempt));
    await recordAttempts(db, outcomes);
    lastFailure = failureOf(outcomes) ?? lastFailure;
  }
  return { ...(await outstandingDeliveries(db, { endpointId })), lastFailure };
}

function failureOf(outcomes: readonly AttemptOutcome[]): string | undefined {
  const failed = outcomes.findLast((outcome) => outcome.kind !== 'delivered');
  return failed && (failed.error ?? `status ${failed.statusCode}`);
}
