import {
  TemporalFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { OrderId } from '../domain/ids.ts';
import type { OrderStep } from '../domain/order-life.ts';
import type { Activities } from './activities.ts';
import type { InTurn } from './in-turn.ts';
import type { OrderProgress, PayOrderInput } from './messages.ts';
import { askProvider, openAtOnce } from './retry-policies.ts';

const openSummary = 'Open the payment at the provider';
const quick = proxyLocalActivities<Activities>({ ...openAtOnce, summary: openSummary });
const { queryPayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Query the payment at the provider',
});
const { closePayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Query, close at the provider, query again',
});
const { capturePayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Capture the authorised payment',
});
const { switchPayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Close this attempt and start one by another method',
});
const { resolveReview } = proxyActivities<Activities>({
  ...askProvider,
  summary: "Carry out a person's decision on the review",
});

/** Carries out a step by the activity of the same name. */
export function carryOut(
  step: Exclude<OrderStep, { kind: 'confirm' }>,
  { orderId }: { orderId: OrderId },
): Promise<OrderProgress> {
  switch (step.kind) {
    case 'resolve':
      return resolveReview({ orderId });
    case 'capture':
      return capturePayment({ orderId });
    case 'switch':
      return switchPayment({ orderId });
    case 'close':
      return closePayment({ orderId, reason: step.reason });
    case 'query':
      return queryPayment({ orderId });
  }
}

/** Opens the payment: one quick local activity, then an activity that retries until the order expires. */
export async function openPayment(
  { orderId, expiresAtMs }: PayOrderInput,
  inTurn: InTurn,
): Promise<OrderProgress> {
  try {
    return await inTurn(() => quick.createPayment({ orderId }));
  } catch (error) {
    // A local activity throws its own failure, not wrapped in an ActivityFailure.
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    const patient = proxyActivities<Activities>({
      ...askProvider,
      summary: openSummary,
      scheduleToCloseTimeout: Math.max(expiresAtMs - Date.now(), 1_000),
    });
    return patient.createPayment({ orderId });
  }
}
