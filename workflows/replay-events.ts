import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { ReplayEventsInput } from './messages.ts';
import { deliverRun } from './retry-policies.ts';

const { queueReplay } = proxyActivities<Activities>({
  ...deliverRun,
  summary: 'Queue past events for the endpoint',
});

/** Replays past events to an endpoint. Workflow id: `replay/<rpl_id>`. */
export async function replayEvents(input: ReplayEventsInput): Promise<{ queued: number }> {
  while (!workflowInfo().continueAsNewSuggested) {
    const { isOver, lookedAt, queued } = await queueReplay(input);
    setCurrentDetails(`${lookedAt} events examined, ${queued} queued.`);
    if (isOver) return { queued };
  }
  return continueAsNew<typeof replayEvents>(input);
}
