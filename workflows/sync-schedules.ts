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
  summary: 'Sync the daily reconciliation schedules',
});

const everyMs = 15_000;

/** Keeps one reconciliation schedule per account, so that a new account soon has one. Workflow id: `schedules`. */
export async function syncSchedules(): Promise<never> {
  while (!workflowInfo().continueAsNewSuggested) {
    const synced = await activities.keepSchedules();
    setCurrentDetails(`Last run: ${JSON.stringify(synced)}`);
    await sleep(everyMs, { summary: 'until the next run' });
  }
  return continueAsNew<typeof syncSchedules>();
}
