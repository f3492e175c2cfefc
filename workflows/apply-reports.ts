import { ActivityFailure, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { NotificationId } from '../domain/ids.ts';
import type { Activities } from './activities.ts';
import type { InTurn } from './in-turn.ts';
import type { OrderProgress } from './messages.ts';
import { askProvider, recordState } from './retry-policies.ts';

const record = proxyLocalActivities<Activities>({
  ...recordState,
  summary: 'Apply what the provider reported',
});
const { resolveNotification } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Ask the provider what its news is',
});

/** The handler of a provider's reports: applies each at once, and asks the provider where it only says that there is news. */
export function applyReports(input: {
  inTurn: InTurn;
  learn: (progress: OrderProgress) => void;
}): (report: { notificationId: NotificationId }) => Promise<void> {
  const { inTurn, learn } = input;
  const resolving = new Set<NotificationId>();
  return async ({ notificationId }) => {
    const progress = await inTurn(() => record.applyNotification({ notificationId }));
    learn(progress);
    // The recovery job redelivers a notification until it is dealt with; asking once at a time is enough.
    if (!progress.isOnlyHint || resolving.has(notificationId)) return;
    resolving.add(notificationId);
    try {
      learn(await resolveNotification({ notificationId }));
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and the recovery job redelivers it.
      if (!(error instanceof ActivityFailure)) throw error;
    } finally {
      resolving.delete(notificationId);
    }
  };
}
