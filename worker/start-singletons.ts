import type { Client } from '@temporalio/client';
import { workflowIds } from '../workflows/messages.ts';
import type { dispatchEvents } from '../workflows/dispatch-events.ts';
import type { keepSchedules } from '../workflows/keep-schedules.ts';
import type { sweep } from '../workflows/sweep.ts';

/** Starts the workflows there is one of, or finds them running. Every worker does it; the first one wins. */
export async function startSingletons(input: {
  client: Client;
  taskQueue: string;
  shards: readonly number[];
}): Promise<void> {
  const { client, taskQueue, shards } = input;
  await Promise.all([
    client.workflow.start<typeof sweep>('sweep', {
      workflowId: workflowIds.sweep,
      taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: 'Picks up what a crash or an outage left lying',
    }),
    client.workflow.start<typeof keepSchedules>('keepSchedules', {
      workflowId: workflowIds.keepSchedules,
      taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: 'Gives every account its daily reconciliation',
    }),
    ...shards.map((shard) =>
      client.workflow.start<typeof dispatchEvents>('dispatchEvents', {
        workflowId: workflowIds.dispatchEvents(shard),
        taskQueue,
        args: [{ shard }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `Carries the events of shard ${shard} to endpoints`,
      }),
    ),
  ]);
}
