import { ActivityFailure, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { NotificationId } from '../domain/ids.ts';
import type { Activities } from './activities.ts';
import type { InTurn } from './in-turn.ts';
import type { OrderProgress } from './messages.ts';
import { askProvider, recordState } from './retry-policies.ts';

const record = proxyLocalActivities<Activities>({
  ...recordState,
  summary: "Apply the provider's report",
});
const { resolveNotification } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Query the provider about its notification',
});

/** The handler of provider reports: applies each at once, and queries the provider for reports without content. */
export function applyReports(input: {
  inTurn: InTurn;
  onProgress: (progress: OrderProgress) => void;
}): (report: { notificationId: NotificationId }) => Promise<void> {
  const { inTurn, onProgress } = input;
  const resolving = new Set<NotificationId>();
  return async ({ notificationId }) => {
    const progress = await inTurn(() => record.applyNotification({ notificationId }));
    onProgress(progress);
    // The recovery job redelivers a notification until it is resolved; one query at a time is enough.
    if (!progress.isOnlyHint || resolving.has(notificationId)) return;
    resolving.add(notificationId);
    try {
      onProgress(await resolveNotification({ notificationId }));
    } catch (error) {
      // Refused permanently, as with a revoked key: an alert is out, and the recovery job redelivers the notification.
      if (!(error instanceof ActivityFailure)) throw error;
    } finally {
      resolving.delete(notificationId);
    }
  };
}
