import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { AccountId } from '../domain/ids.ts';
import { keepBooks } from './retry-policies.ts';

const { beginScheduled } = proxyActivities<Activities>({
  ...keepBooks,
  summary: 'Start the reconciliation of the day before',
});

/** Started by an account's daily schedule. Reconciles the day before the scheduled time, even if it starts late. */
export async function reconcileYesterday({ accountId }: { accountId: AccountId }) {
  const { typedSearchAttributes, startTime } = workflowInfo();
  const scheduledAt = typedSearchAttributes.get({
    name: 'TemporalScheduledStartTime',
    type: 'DATETIME',
  });
  return beginScheduled({ accountId, scheduledAtMs: (scheduledAt ?? startTime).getTime() });
}
