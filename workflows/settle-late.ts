import {
  allHandlersFinished,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { confirmOrder } from './confirm-order.ts';
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
const { closeLeftovers } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Let go of money nobody waits for',
});

/**
 * The truth that arrives after an order has ended: recorded, whatever it is. What becomes of late
 * money, `latePayment` decides with it. Workflow id: `order/<ord_id>/late`.
 */
export async function settleLate({ orderId }: SettleLateInput): Promise<{ reports: number }> {
  let reports = 0;
  let latest: OrderProgress | undefined;
  setHandler(providerReported, async ({ notificationId }) => {
    latest = await record.applyNotification({ notificationId });
    if (latest.isOnlyHint) latest = await resolveNotification({ notificationId });
    reports += 1;
    setCurrentDetails(`A notification came after the end; the order is ${latest.status}.`);
  });
  await condition(() => reports > 0 && allHandlersFinished());
  // Late money that was accepted is the merchant's to confirm like any other.
  if (latest?.confirmWithinMs !== undefined) {
    await confirmOrder({ orderId, withinMs: latest.confirmWithinMs });
  }
  if (latest?.hasLeftovers) await closeLeftovers({ orderId });
  return { reports };
}
