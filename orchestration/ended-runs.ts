import type { Client } from '@temporalio/client';
import type { Temporal } from './temporal.ts';

/** A run that was terminated, cancelled, failed or timed out. */
export type EndedRun = {
  workflowId: string;
  runId: string;
  type: string;
  /** Temporal's name of the status: TERMINATED, CANCELLED, FAILED, TIMED_OUT. */
  status: string;
  startedAtMs: number;
};

/** Lists the runs on our task queue that were terminated, cancelled, failed or timed out after `since`. */
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

/** True if no later run of the workflow exists. */
export async function isLatestRun(
  client: Client,
  { workflowId, runId }: Pick<EndedRun, 'workflowId' | 'runId'>,
): Promise<boolean> {
  return (await client.workflow.getHandle(workflowId).describe()).runId === runId;
}
