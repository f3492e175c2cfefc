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
  summary: 'Recover stalled work',
});

const recoverEveryMs = 10_000;

/** Recovers accepted work that a crash or an outage has stalled. Workflow id: `sweep`. */
export async function recoverStalled(): Promise<never> {
  while (!workflowInfo().continueAsNewSuggested) {
    const found = await sweepStragglers();
    setCurrentDetails(`Last run: ${JSON.stringify(found)}`);
    await sleep(recoverEveryMs, { summary: 'until the next run' });
  }
  return continueAsNew<typeof recoverStalled>();
}
