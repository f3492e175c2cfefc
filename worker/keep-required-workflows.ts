import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivityDeps } from '../activities/deps.ts';
import { requiredWorkflows } from '../orchestration/required-workflows.ts';
import type { RequiredWorkflow } from '../orchestration/required-workflows.ts';
import { runStatus, terminateRun } from '../orchestration/workflow-runs.ts';
import { listHeartbeats } from '../db/queries/heartbeats.ts';

type Deps = Pick<ActivityDeps, 'client' | 'taskQueue' | 'db' | 'logger' | 'stopping'>;

const lookEveryMs = 10_000;
const lookForMs = 10_000;
/** Its activity looks every few seconds; a worker that starts needs some for all that waits. */
const stalledForMs = 180_000;
// Temporal may have been away for longer: one who is stalled is given the time to begin again.
const looksBeforeReplaced = 6;

/** Starts all that must always run. Every worker does it; the first one wins. */
export async function startRequiredWorkflows(deps: Deps): Promise<void> {
  await Promise.all(requiredWorkflows.map((one) => one.start(deps)));
}

/**
 * Looks after what must always run, until the worker stops: what was terminated, cancelled or lost is started
 * again, what runs and does nothing is replaced. Both are alerts. Never rejects.
 */
export async function keepRequiredWorkflows(deps: Deps): Promise<void> {
  const stalledLooks = new Map<string, number>();
  while (!deps.stopping.aborted) {
    await sleep(lookEveryMs, undefined, { signal: deps.stopping }).catch(() => {});
    if (deps.stopping.aborted) return;
    try {
      await deps.client.withDeadline(Date.now() + lookForMs, () => look(deps, stalledLooks));
    } catch (error) {
      deps.logger.warn({ err: error }, 'what must always run could not be looked at');
    }
  }
}

async function look(deps: Deps, stalledLooks: Map<string, number>): Promise<void> {
  const heartbeats = await listHeartbeats(deps.db);
  for (const required of requiredWorkflows) {
    const seenAt = heartbeats.get(required.workflowId);
    const isStalled = seenAt !== undefined && seenAt.getTime() < Date.now() - stalledForMs;
    const looks = isStalled ? (stalledLooks.get(required.workflowId) ?? 0) + 1 : 0;
    stalledLooks.set(required.workflowId, looks);
    await keepRunning(deps, required, { isStuck: looks >= looksBeforeReplaced });
  }
}

async function keepRunning(
  deps: Deps,
  required: RequiredWorkflow,
  { isStuck }: { isStuck: boolean },
): Promise<void> {
  const { workflowId } = required;
  const status = await runStatus(deps.client, workflowId);
  if (status === 'RUNNING' && !isStuck) return;
  if (status === 'RUNNING') {
    const reason = 'runs, and has done nothing for minutes';
    await terminateRun(deps.client, { workflowId, reason });
  }
  await required.start(deps);
  deps.logger.error(
    { event: 'workflow.restarted', workflowId, status: isStuck ? 'STUCK' : status },
    'a workflow that must always run did not; it was started again',
  );
}
