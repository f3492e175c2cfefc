import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import { closeOpenAttempts } from './close-open-attempts.ts';
import { confirmOrder } from './confirm-order.ts';
import { isHistoryLong } from './history.ts';
import { oneAtATime } from './in-turn.ts';
import { providerReported } from './messages.ts';
import type { OrderProgress, SettleLateInput } from './messages.ts';
import { askProvider, recordState } from './retry-policies.ts';

const record = proxyLocalActivities<Activities>({
  ...recordState,
  summary: "Apply the provider's report",
});
const { resolveNotification } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Query the provider about its notification',
});

/**
 * Records provider reports that arrive after an order has ended; the order's `latePayment` decides what to do with late
 * money. Workflow id: `order/<ord_id>/late`.
 */
export async function settleLate({
  orderId,
  resumed,
}: SettleLateInput): Promise<{ reports: number }> {
  let reports = resumed?.reports ?? 0;
  let confirmWithinMs = resumed?.confirmWithinMs;
  let isConfirmed = false;
  let hasOpenAttempts = resumed !== undefined;
  const inTurn = oneAtATime();
  const isToConfirm = () => confirmWithinMs !== undefined && !isConfirmed;
  const applyProgress = (progress: OrderProgress) => {
    // Concurrent results may arrive out of order, so a need that one of them found is kept.
    confirmWithinMs ??= progress.confirmWithinMs;
    hasOpenAttempts ||= progress.hasLeftovers ?? false;
    const { status, review } = progress;
    const reviewNote = review === undefined ? '' : ` IN REVIEW: ${review}.`;
    setCurrentDetails(`A notification came after the end; the order is ${status}.${reviewNote}`);
  };
  setHandler(providerReported, async ({ notificationId }) => {
    try {
      const progress = await inTurn(() => record.applyNotification({ notificationId }));
      applyProgress(progress.isOnlyHint ? await resolveNotification({ notificationId }) : progress);
    } catch (error) {
      // Refused permanently, as with a revoked key: an alert is out, and the recovery job redelivers the notification.
      if (!(error instanceof ActivityFailure)) throw error;
    }
    reports += 1;
  });
  await condition(() => reports > 0 && allHandlersFinished());
  do {
    // Accepted late money needs the merchant's confirmation too.
    if (isToConfirm()) {
      isConfirmed = true;
      isConfirmed = (await confirmOrder({ orderId, withinMs: confirmWithinMs ?? 0 })) !== undefined;
    }
    if (hasOpenAttempts) {
      // Reset before the call: open attempts that a handler finds meanwhile are closed in the next round.
      hasOpenAttempts = false;
      if (!(await closeOpenAttempts({ orderId }))) hasOpenAttempts = true;
    }
    await condition(allHandlersFinished);
    if ((isToConfirm() || hasOpenAttempts) && isHistoryLong()) {
      const left = isToConfirm() && confirmWithinMs !== undefined ? { confirmWithinMs } : {};
      await continueAsNew<typeof settleLate>({ orderId, resumed: { reports, ...left } });
    }
  } while (isToConfirm() || hasOpenAttempts);
  return { reports };
}
