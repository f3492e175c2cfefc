import type { Client } from '@temporalio/client';
import type { Temporal } from './temporal.ts';

/** A run that did not come to its own end. */
export type EndedRun = {
  workflowId: string;
  runId: string;
  type: string;
  /** Temporal's name of how it ended: TERMINATED, CANCELLED, FAILED, TIMED_OUT. */
  status: string;
  startedAtMs: number;
};

/** Runs of our task queue that were terminated, cancelled, failed or timed out since then. */
export async function* listEndedRuns({
  client,
  taskQueue,
  since,
}: Temporal & { since: Date }): AsyncGenerator<EndedRun> {
  const query = `TaskQueue = "${taskQueue}" AND CloseTime > "${since.toISOString()}" AND ExecutionStatus IN ("Terminated", "Canceled", "Failed", "TimedOut")`;
  for await (const run of client.workflow.list({ query })) {
    const { workflowId, runId, type, status, startTime } = run;
    yield { workflowId, runId, type, status: status.name, startedAtMs: startTime.getTime() };
  }
}

/** True unless the workflow was started again since. */
export async function isLatestRun(
  client: Client,
  { workflowId, runId }: Pick<EndedRun, 'workflowId' | 'runId'>,
): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).runId === runId;
}
