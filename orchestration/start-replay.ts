import type { Client } from '@temporalio/client';
import type { ReplayId } from '../domain/ids.ts';
import { workflowIds } from '../workflows/messages.ts';
import type { replayEvents } from '../workflows/replay-events.ts';

/** Starts a replay's workflow; starting it again while it runs changes nothing. */
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
    staticSummary: `Send events again: ${replayId}`,
  });
}
