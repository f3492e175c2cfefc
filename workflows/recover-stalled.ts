import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import { askProvider } from './retry-policies.ts';

const { sweepStragglers } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Find and help stragglers',
});

const recoverEveryMs = 10_000;

/** Picks up whatever was accepted and left lying by a crash or an outage. Workflow id: `sweep`. */
export async function sweep(): Promise<never> {
  while (!workflowInfo().continueAsNewSuggested) {
    const found = await sweepStragglers();
    setCurrentDetails(`Last sweep: ${JSON.stringify(found)}`);
    await sleep(recoverEveryMs, { summary: 'until the next sweep' });
  }
  return continueAsNew<typeof sweep>();
}
