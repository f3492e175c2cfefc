import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { ReplayEventsInput } from './messages.ts';
import { deliverRound } from './retry-policies.ts';

const { queueReplay } = proxyActivities<Activities>({
  ...deliverRound,
  summary: 'Queue past events for the endpoint',
});

/** Sends an endpoint past events again, as a job to be watched. Workflow id: `replay/<rpl_id>`. */
export async function replayEvents(input: ReplayEventsInput): Promise<{ queued: number }> {
  while (!workflowInfo().continueAsNewSuggested) {
    const { isOver, lookedAt, queued } = await queueReplay(input);
    setCurrentDetails(`${lookedAt} events looked at, ${queued} to be sent again.`);
    if (isOver) return { queued };
  }
  return continueAsNew<typeof replayEvents>(input);
}
