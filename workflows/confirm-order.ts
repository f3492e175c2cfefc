import {
  ActivityFailure,
  isCancellation,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { OrderId } from '../domain/ids.ts';
import type { Confirmation } from '../domain/order.ts';
import { isHistoryLong } from './history.ts';
import type { OrderProgress } from './messages.ts';
import { askMerchant, askProvider } from './retry-policies.ts';
import { receiversQueue } from './task-queues.ts';

const { carryOutConfirmation } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Complete the order, or void or refund the payment',
});

/**
 * Asks the merchant to confirm once there is money. If the merchant accepts, the payment is captured or the order
 * completed; if it rejects or does not answer by the deadline, the payment is voided or refunded. Undefined if it has
 * to continue in a new run; the order's row has the answer by then.
 */
export async function confirmOrder(input: {
  orderId: OrderId;
  withinMs: number;
}): Promise<OrderProgress | undefined> {
  const confirmation = await answerOf(input);
  for (;;) {
    try {
      return await carryOutConfirmation({ orderId: input.orderId, confirmation });
    } catch (error) {
      // Refused permanently, as with a revoked key: an alert is out, and the answer still has to be carried out.
      if (!(error instanceof ActivityFailure)) throw error;
      await sleep(refusedForMs, { summary: 'until the provider is called again' });
      if (isHistoryLong()) return undefined;
    }
  }
}

const refusedForMs = 600_000;

async function answerOf({
  orderId,
  withinMs,
}: {
  orderId: OrderId;
  withinMs: number;
}): Promise<Confirmation> {
  const { askToConfirm } = proxyActivities<Activities>({
    ...askMerchant,
    scheduleToCloseTimeout: Math.max(withinMs, 1_000),
    taskQueue: receiversQueue(workflowInfo().taskQueue),
    summary: 'Ask the merchant to confirm',
  });
  try {
    return (await askToConfirm({ orderId })).confirmation;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return 'timed_out';
  }
}
