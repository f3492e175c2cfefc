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
const opener = proxyLocalActivities<Activities>({ ...openAtOnce, summary: openSummary });
const { queryPayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Ask the provider what became of it',
});
const { closePayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Ask, close at the provider, ask again',
});
const { capturePayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Take the money that is held',
});
const { switchPayment } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Close this attempt, begin another way',
});
const { resolveReview } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Carry out what a person decided',
});

/** Carries out a step by the activity it is called after. */
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

/** Opens the payment: one quick try beside the workflow task, then an activity as patient as the order is. */
export async function openPayment(
  { orderId, expiresAtMs }: PayOrderInput,
  inTurn: InTurn,
): Promise<OrderProgress> {
  try {
    return await inTurn(() => opener.createPayment({ orderId }));
  } catch (error) {
    // A local activity fails with its own failure, without an ActivityFailure around it.
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    const patient = proxyActivities<Activities>({
      ...askProvider,
      summary: openSummary,
      scheduleToCloseTimeout: Math.max(expiresAtMs - Date.now(), 1_000),
    });
    return patient.createPayment({ orderId });
  }
}
