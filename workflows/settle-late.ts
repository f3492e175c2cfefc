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
  summary: 'Apply what the provider reported',
});
const { resolveNotification } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Ask the provider what its news is',
});

/**
 * The truth that arrives after an order has ended: recorded, whatever it is. What becomes of late
 * money, `latePayment` decides with it. Workflow id: `order/<ord_id>/late`.
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
  const learn = (progress: OrderProgress) => {
    // Of several at once the last to answer need not be the newest: what one of them found is kept.
    confirmWithinMs ??= progress.confirmWithinMs;
    hasOpenAttempts ||= progress.hasLeftovers ?? false;
    const { status, review } = progress;
    const doubt = review === undefined ? '' : ` IN DOUBT: ${review}.`;
    setCurrentDetails(`A notification came after the end; the order is ${status}.${doubt}`);
  };
  setHandler(providerReported, async ({ notificationId }) => {
    try {
      const progress = await inTurn(() => record.applyNotification({ notificationId }));
      learn(progress.isOnlyHint ? await resolveNotification({ notificationId }) : progress);
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and the recovery job redelivers it.
      if (!(error instanceof ActivityFailure)) throw error;
    }
    reports += 1;
  });
  await condition(() => reports > 0 && allHandlersFinished());
  do {
    // Late money that was accepted is the merchant's to confirm like any other.
    if (isToConfirm()) {
      isConfirmed = true;
      isConfirmed = (await confirmOrder({ orderId, withinMs: confirmWithinMs ?? 0 })) !== undefined;
    }
    if (hasOpenAttempts) {
      // Before the call: what a handler finds meanwhile is for the next round.
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
