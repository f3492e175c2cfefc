import type { Client } from '@temporalio/client';

/** Rejects if Temporal does not answer. */
export async function probeTemporal(client: Client): Promise<void> {
  await client.workflowService.getSystemInfo({});
}

// temporal.api.enums.v1.TaskQueueType
const taskQueueTypes = { workflows: 1, activities: 2 } as const;

/** When a worker last polled this task queue, ms since the epoch; 0 if none has for minutes. */
export async function lastPollMs(
  client: Client,
  { taskQueue, kind }: { taskQueue: string; kind: keyof typeof taskQueueTypes },
): Promise<number> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: taskQueueTypes[kind],
  });
  return Math.max(
    0,
    ...(pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1_000),
  );
}
