import type { Client } from '@temporalio/client';
import type { dispatchEvents } from '../workflows/dispatch-events.ts';
import type { syncSchedules } from '../workflows/sync-schedules.ts';
import { workflowIds } from '../workflows/messages.ts';
import type { recoverStalled } from '../workflows/recover-stalled.ts';

/** The dispatch shards. A merchant stays in the shard it was created in. */
export const shards: readonly number[] = [0];

/** A workflow that must always run. Its activity writes a heartbeat under the workflow's id. */
export type RequiredWorkflow = {
  workflowId: string;
  /** Starts the workflow, or finds it running. */
  start(temporal: { client: Client; taskQueue: string }): Promise<void>;
};

/** All workflows that must always run, once per deployment. */
export const requiredWorkflows: readonly RequiredWorkflow[] = [
  {
    workflowId: workflowIds.sweep,
    async start({ client, taskQueue }) {
      await client.workflow.start<typeof recoverStalled>('sweep', {
        workflowId: workflowIds.sweep,
        taskQueue,
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: 'Recovers work that a crash or an outage has stalled',
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
        staticSummary: 'Keeps a daily reconciliation schedule for every account',
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
        staticSummary: `Relays the events of shard ${shard} to endpoints`,
      });
    },
  })),
];
