import type { ActivityDeps } from '../../activities/deps.ts';
import { restarters } from './restarters.ts';

// Visibility may be a little behind, a worker for some time away; what is older the rows themselves show.
const windowMs = 30 * 60_000;
/** The rest is for the next sweep. */
const budgetMs = 8_000;

/**
 * Looks for workflows that were terminated, cancelled, failed or timed out, as by a person in the Temporal UI, and
 * starts again those that have something left to do. Each is an alert.
 */
export async function restartEndedWorkflows(deps: ActivityDeps): Promise<{ restarted: number }> {
  const { client, taskQueue, handledRuns, logger } = deps;
  const since = new Date(Date.now() - windowMs).toISOString();
  const endsMs = Date.now() + budgetMs;
  const query = `TaskQueue = "${taskQueue}" AND CloseTime > "${since}" AND ExecutionStatus IN ("Terminated", "Canceled", "Failed", "TimedOut")`;
  let restarted = 0;
  for await (const run of client.workflow.list({ query })) {
    const { workflowId, runId, type } = run;
    const restarter = restarters[type];
    if (!restarter || handledRuns.has(runId)) continue;
    if (Date.now() > endsMs) break;
    try {
      const isRestarted =
        (await isLatest(deps, run)) &&
        (await restarter(deps, { workflowId, startedAtMs: run.startTime.getTime() }));
      handledRuns.add(runId);
      if (!isRestarted) {
        sayEnded(logger, run);
        continue;
      }
      restarted += 1;
      logger.error(
        { event: 'workflow.restarted', workflowId, runId, status: run.status.name },
        'a workflow was ended before its work was done; it was started again',
      );
    } catch (error) {
      logger.warn({ err: error, workflowId }, 'a workflow could not be started again yet');
    }
  }
  return { restarted };
}

/** Its work was done, or goes on by news that came first: still nobody but a person ends a workflow so. */
function sayEnded(
  logger: ActivityDeps['logger'],
  { workflowId, runId, status }: { workflowId: string; runId: string; status: { name: string } },
): void {
  if (status.name !== 'TERMINATED' && status.name !== 'CANCELLED') return;
  logger.error(
    { event: 'workflow.ended', workflowId, runId, status: status.name },
    'a workflow was ended from outside; nothing of its work was left, or it goes on without it',
  );
}

/** Nobody has started it again since. */
async function isLatest(
  { client }: ActivityDeps,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).runId === runId;
}
