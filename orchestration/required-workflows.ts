import type { Client } from '@temporalio/client';
import type { dispatchEvents } from '../workflows/dispatch-events.ts';
import type { syncSchedules } from '../workflows/sync-schedules.ts';
import { workflowIds } from '../workflows/messages.ts';
import type { recoverStalled } from '../workflows/recover-stalled.ts';

/** Which dispatch shards there are. Merchants stay in the shard they were created in. */
export const shards: readonly number[] = [0];

/** A workflow that must always run, and whose activity writes a heartbeat under the workflow's id. */
export type RequiredWorkflow = {
  workflowId: string;
  /** Starts it, or finds it running. */
  start(temporal: { client: Client; taskQueue: string }): Promise<void>;
};

/** All that must always run, once each, wherever a worker is. */
export const requiredWorkflows: readonly RequiredWorkflow[] = [
  {
    workflowId: workflowIds.sweep,
    async start({ client, taskQueue }) {
      await client.workflow.start<typeof recoverStalled>('sweep', {
        workflowId: workflowIds.sweep,
        taskQueue,
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: 'Recovers what a crash or an outage has stalled',
      });
    },
  },
  {
    workflowId: workflowIds.keepSchedules,
    async start({ client, taskQueue }) {
      await client.workflow.start<typeof syncSchedules>('keepSchedules', {
        workflowId: workflowIds.keepSchedules,
        taskQueue,
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: 'Gives every account its daily reconciliation',
      });
    },
  },
  ...shards.map((shard) => ({
    workflowId: workflowIds.dispatchEvents(shard),
    async start({ client, taskQueue }: { client: Client; taskQueue: string }) {
      await client.workflow.start<typeof dispatchEvents>('dispatchEvents', {
        workflowId: workflowIds.dispatchEvents(shard),
        taskQueue,
        args: [{ shard }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `Carries the events of shard ${shard} to endpoints`,
      });
    },
  })),
];
