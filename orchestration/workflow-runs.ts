import { WorkflowNotFoundError } from '@temporalio/common';
import type { Client } from '@temporalio/client';

/** Temporal's name of the latest run's status (RUNNING, TERMINATED, …); NOT_FOUND if there is none. */
export async function runStatus(client: Client, workflowId: string): Promise<string> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'NOT_FOUND';
    throw error;
  }
}

export async function terminateRun(
  client: Client,
  { workflowId, reason }: { workflowId: string; reason: string },
): Promise<void> {
  await client.workflow.getHandle(workflowId).terminate(reason);
}
