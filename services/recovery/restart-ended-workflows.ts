import { isLatestRun, listEndedRuns } from '../../orchestration/ended-runs.ts';
import type { EndedRun } from '../../orchestration/ended-runs.ts';
import type { HandledRuns } from './handled-runs.ts';
import { restarters } from './restarters.ts';
import type { RestarterDeps } from './restarters.ts';

// Visibility may be a little behind, a worker away for some time; the rows themselves show what is older.
const windowMs = 30 * 60_000;
/** The rest is for the next run of the recovery. */
const budgetMs = 8_000;

/**
 * Looks for workflows that were terminated, cancelled, failed or timed out, as by a person in the Temporal UI, and
 * starts again those that have something left to do. Each is an alert.
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
        'a workflow was ended before its work was done; it was started again',
      );
    } catch (error) {
      logger.warn({ err: error, workflowId }, 'a workflow could not be started again yet');
    }
  }
  return { restarted };
}

/** Its work was done, or goes on by news that came first: still nobody but a person ends a workflow so. */
function logEnded(
  { logger }: Pick<RestarterDeps, 'logger'>,
  { workflowId, runId, status }: EndedRun,
): void {
  if (status !== 'TERMINATED' && status !== 'CANCELLED') return;
  logger.error(
    { event: 'workflow.ended', workflowId, runId, status },
    'a workflow was ended from outside; nothing of its work was left, or it goes on without it',
  );
}
