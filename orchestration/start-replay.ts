import type { Client } from '@temporalio/client';
import type { ReplayId } from '../domain/ids.ts';
import { workflowIds } from '../workflows/messages.ts';
import type { replayEvents } from '../workflows/replay-events.ts';

/** Starts a replay's workflow, or finds it running; idempotent. */
export async function startReplay(input: {
  client: Client;
  taskQueue: string;
  replayId: ReplayId;
}): Promise<void> {
  const { replayId } = input;
  await input.client.workflow.start<typeof replayEvents>('replayEvents', {
    workflowId: workflowIds.replayEvents(replayId),
    taskQueue: input.taskQueue,
    args: [{ replayId }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Replays events: ${replayId}`,
  });
}
