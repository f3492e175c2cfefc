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
  summary: 'Complete the order, or give the money back',
});

/**
 * The saga's step outside: the merchant is asked once there is money. Yes captures what is held or
 * completes the order; no, or silence until the deadline, lets the money go or gives it back. Undefined where it
 * has to be begun again in a fresh history: what was answered stands in the order by then.
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
      // Refused for good, as with a revoked key: an alert is out, and what was answered still has to happen.
      if (!(error instanceof ActivityFailure)) throw error;
      await sleep(refusedForMs, { summary: 'until the provider is tried again' });
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
