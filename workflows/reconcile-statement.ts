import {
  ActivityFailure,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { DifferenceId } from '../domain/ids.ts';
import { reconcileAgain } from './messages.ts';
import type { ReconcileProgress, ReconcileStatementInput } from './messages.ts';
import { compareSets, fetchStatement, autoResolveOne, keepBooks } from './retry-policies.ts';

const { loadStatement } = proxyActivities<Activities>({
  ...fetchStatement,
  summary: "Fetch a day's statement",
});
const { compareBooks, findWantedStatements } = proxyActivities<Activities>({
  ...compareSets,
  summary: 'Compare the statement with our books',
});
const { healDifference } = proxyActivities<Activities>({
  ...autoResolveOne,
  summary: 'Query the provider about one difference',
});
const { findHealable, noteUnhealed, noteReconciliation, endReconciliation } =
  proxyActivities<Activities>({ ...keepBooks, summary: 'Record the result' });

const firstWaitMs = 900_000;
const longestWaitMs = 3_600_000;
const mostWaitMs = 3 * 86_400_000;
const resolvedAtOnce = 4;

/**
 * Reconciles one day of one account with the provider's statement: auto-resolves differences that the provider confirms
 * and lists the rest. Workflow id: `reconcile/<acc_id>/<date>`.
 */
export async function reconcileStatement(
  input: ReconcileStatementInput,
): Promise<ReconcileProgress | { failure: string }> {
  const { reconciliationId, accountId, date } = input;
  let isWantedAgain = false;
  setHandler(reconcileAgain, () => {
    isWantedAgain = true;
  });
  // The signal that started this run does not request another.
  await Promise.resolve();

  isWantedAgain = input.isWantedAgain ?? false;
  for (let healingRound = input.healingRound; ; healingRound = undefined) {
    const outcome = await reconcileOnce(healingRound);
    if (!isWantedAgain) return outcome;
    isWantedAgain = false;
  }

  async function reconcileOnce(
    healingRound: number | undefined,
  ): Promise<ReconcileProgress | { failure: string }> {
    try {
      if (healingRound === undefined && !(await isFetched())) {
        return await fail(`no statement of ${date} within three days`);
      }
      await autoResolve(healingRound ?? (await findDifferences()));
      const left = await compareBooks({ reconciliationId });
      await endReconciliation({ reconciliationId, failure: null });
      showProgress(left, 'Done.');
      return left;
    } catch (error) {
      // Refused permanently, as with a revoked key: a retry does not help, a person must look.
      if (!(error instanceof ActivityFailure)) throw error;
      return fail(error.cause?.message ?? error.message);
    }
  }

  async function isFetched(): Promise<boolean> {
    const beganMs = Date.now();
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      setCurrentDetails(`Fetching the statement of ${date}.`);
      const { kind } = await loadStatement({ accountId, date });
      if (kind === 'ready') break;
      const nextMs = Date.now() + waitMs;
      if (nextMs - beganMs > mostWaitMs) return false;
      await noteReconciliation({ reconciliationId, status: 'waiting' });
      setCurrentDetails(
        `WAITING: the provider has not published the statement of ${date} yet; next fetch at ${new Date(nextMs).toISOString()}.`,
      );
      isWantedAgain = false;
      await condition(() => isWantedAgain, waitMs, {
        summary: 'until the next fetch of the statement',
      });
      isWantedAgain = false;
    }
    await noteReconciliation({ reconciliationId, status: 'running' });
    return true;
  }

  async function findDifferences(): Promise<number> {
    await fetchNeighbours();
    const found = await compareBooks({ reconciliationId });
    showProgress(found, 'Querying the provider about differences.');
    return found.round;
  }

  /** A movement near midnight may be in a neighbouring day's statement. */
  async function fetchNeighbours(): Promise<void> {
    const { dates } = await findWantedStatements({ reconciliationId });
    for (const date of dates) {
      setCurrentDetails(`Fetching the neighbouring statement of ${date}.`);
      try {
        await loadStatement({ accountId, date });
      } catch (error) {
        // Without that statement, no movement that it could contain counts as missing.
        if (!(error instanceof ActivityFailure)) throw error;
      }
    }
  }

  async function autoResolve(round: number): Promise<void> {
    for (;;) {
      const { differences } = await findHealable({ reconciliationId, round });
      if (differences.length === 0) return;
      // A refund can be booked only after its payment.
      const about = differences[0]?.about;
      const queue = differences.filter((difference) => difference.about === about);
      const worker = async () => {
        for (let next = queue.shift(); next; next = queue.shift())
          await autoResolveOnce(next.id, round);
      };
      await Promise.all(Array.from({ length: resolvedAtOnce }, worker));
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof reconcileStatement>({
          ...input,
          healingRound: round,
          isWantedAgain,
        });
      }
    }
  }

  async function autoResolveOnce(differenceId: DifferenceId, round: number): Promise<void> {
    try {
      await healDifference({ differenceId, round });
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      const note = `The provider could not be queried: ${error.cause?.message ?? error.message}`;
      await noteUnhealed({ differenceId, round, note });
    }
  }

  async function fail(failure: string): Promise<{ failure: string }> {
    setCurrentDetails(`FAILED: ${failure}`);
    await endReconciliation({ reconciliationId, failure });
    return { failure };
  }
}

function showProgress(progress: ReconcileProgress, what: string): void {
  const { entryCount, matchedCount, healedCount, differenceCount } = progress;
  setCurrentDetails(
    `${what} ${entryCount} lines, ${matchedCount} agree, ${healedCount} healed, **${differenceCount} differences**.`,
  );
}
