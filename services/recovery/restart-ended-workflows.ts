import { isLatestRun, listEndedRuns } from '../../orchestration/ended-runs.ts';
import type { EndedRun } from '../../orchestration/ended-runs.ts';
import type { HandledRuns } from './handled-runs.ts';
import { restarters } from './restarters.ts';
import type { RestarterDeps } from './restarters.ts';

// Covers a delay of Temporal's visibility store and a worker's absence; the stalled rows themselves show anything
// older.
const windowMs = 30 * 60_000;
/** The next run of the recovery handles the rest. */
const budgetMs = 8_000;

/**
 * Finds workflows that were terminated, cancelled, failed or timed out, as by a person in the Temporal UI, and restarts
 * those with work left. Logs an error for each, to alert on.
 */
export async function restartEndedWorkflows(
  deps: RestarterDeps & { handledRuns: HandledRuns },
): Promise<{ restarted: number }> {
  const { client, taskQueue, handledRuns, logger } = deps;
  const endsMs = Date.now() + budgetMs;
  let restarted = 0;
  const since = new Date(Date.now() - windowMs);
  for await (const run of listEndedRuns({ client, taskQueue, since })) {
    const { workflowId, runId, type, status } = run;
    const restarter = restarters[type];
    if (!restarter || handledRuns.has(runId)) continue;
    if (Date.now() > endsMs) break;
    try {
      const isRestarted = (await isLatestRun(client, run)) && (await restarter(deps, run));
      handledRuns.add(runId);
      if (!isRestarted) {
        logEnded(deps, run);
        continue;
      }
      restarted += 1;
      logger.error(
        { event: 'workflow.restarted', workflowId, runId, status },
        'a workflow ended before its work was done; it was restarted',
      );
    } catch (error) {
      logger.warn({ err: error, workflowId }, 'a workflow could not be restarted yet');
    }
  }
  return { restarted };
}

/** The workflow has no work left, or a later run continues it; yet only a person terminates or cancels a workflow. */
function logEnded(
  { logger }: Pick<RestarterDeps, 'logger'>,
  { workflowId, runId, status }: EndedRun,
): void {
  if (status !== 'TERMINATED' && status !== 'CANCELLED') return;
  logger.error(
    { event: 'workflow.ended', workflowId, runId, status },
    'a workflow was terminated or cancelled from outside; it had no work left or a later run continues it',
  );
}
