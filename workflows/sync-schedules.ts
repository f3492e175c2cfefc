import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import { keepBooks } from './retry-policies.ts';

const activities = proxyActivities<Activities>({
  ...keepBooks,
  summary: 'Give every account its daily reconciliation',
});

const everyMs = 15_000;

/** Looks after the accounts' schedules, so that a new account has one soon. Workflow id: `schedules`. */
export async function syncSchedules(): Promise<never> {
  while (!workflowInfo().continueAsNewSuggested) {
    const kept = await activities.keepSchedules();
    setCurrentDetails(`Last look: ${JSON.stringify(kept)}`);
    await sleep(everyMs, { summary: 'until the next look' });
  }
  return continueAsNew<typeof syncSchedules>();
}
