import { setTimeout as sleep } from 'node:timers/promises';
import type { ActivityDeps } from '../activities/deps.ts';
import { requiredWorkflows } from '../orchestration/required-workflows.ts';
import type { RequiredWorkflow } from '../orchestration/required-workflows.ts';
import { runStatus, terminateRun } from '../orchestration/workflow-runs.ts';
import { listHeartbeats } from '../db/queries/heartbeats.ts';

type Deps = Pick<ActivityDeps, 'client' | 'taskQueue' | 'db' | 'logger' | 'stopping'>;

const checkEveryMs = 10_000;
const checkTimeoutMs = 10_000;
/** A required workflow's activity heartbeats every few seconds; a starting worker needs some more for its backlog. */
const stalledForMs = 180_000;
// Temporal may have been down for longer, so a stalled workflow gets time to resume.
const checksBeforeReplaced = 6;

/** Starts the required workflows. Every worker calls it; the first call starts them. */
export async function startRequiredWorkflows(deps: Deps): Promise<void> {
  await Promise.all(requiredWorkflows.map((one) => one.start(deps)));
}

/**
 * Checks the required workflows until the worker stops. Starts those that were terminated, cancelled or lost, and
 * replaces those that run but are stalled; each logs an alert. Never rejects.
 */
export async function keepRequiredWorkflows(deps: Deps): Promise<void> {
  const stalledChecks = new Map<string, number>();
  while (!deps.stopping.aborted) {
    await sleep(checkEveryMs, undefined, { signal: deps.stopping }).catch(() => {});
    if (deps.stopping.aborted) return;
    try {
      await deps.client.withDeadline(Date.now() + checkTimeoutMs, () =>
        checkAll(deps, stalledChecks),
      );
    } catch (error) {
      deps.logger.warn({ err: error }, 'the required workflows could not be checked');
    }
  }
}

async function checkAll(deps: Deps, stalledChecks: Map<string, number>): Promise<void> {
  const heartbeats = await listHeartbeats(deps.db);
  for (const required of requiredWorkflows) {
    const seenAt = heartbeats.get(required.workflowId);
    const isStalled = seenAt !== undefined && seenAt.getTime() < Date.now() - stalledForMs;
    const checks = isStalled ? (stalledChecks.get(required.workflowId) ?? 0) + 1 : 0;
    stalledChecks.set(required.workflowId, checks);
    await keepRunning(deps, required, { isStuck: checks >= checksBeforeReplaced });
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
    const reason = 'runs, but has made no progress for minutes';
    await terminateRun(deps.client, { workflowId, reason });
  }
  await required.start(deps);
  deps.logger.error(
    { event: 'workflow.restarted', workflowId, status: isStuck ? 'STUCK' : status },
    'a required workflow was not running or was stalled; it was restarted',
  );
}
