import {
  ActivityFailure,
  CancellationScope,
  TemporalFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import { hasBeenPaid, isEnded, nextPollMs } from '../domain/order.ts';
import type { NotificationId } from '../domain/ids.ts';
import type { CloseReason, OrderStatus } from '../domain/order.ts';
import { confirmOrder } from './confirm-order.ts';
import { closeOpenAttempts } from './close-open-attempts.ts';
import { isHistoryLong } from './history.ts';
import { oneAtATime } from './in-turn.ts';
import type { InTurn } from './in-turn.ts';
import { cancelOrder, orderProgress, providerReported, wished } from './messages.ts';
import type { OrderProgress, OrderCommand, PayOrderInput } from './messages.ts';
import { askProvider, openAtOnce, recordState } from './retry-policies.ts';
import { searchAttributes } from './search-attributes.ts';

const openSummary = 'Open the payment at the provider';
const opener = proxyLocalActivities<Activities>({ ...openAtOnce, summary: openSummary });
const record = proxyLocalActivities<Activities>({
  ...recordState,
  summary: 'Apply what the provider reported',
});
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
const { resolveNotification } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Ask the provider what its news is',
});

/** One order, from opened to its end. Workflow id: `order/<ord_id>`. */
export async function payOrder(input: PayOrderInput): Promise<OrderProgress> {
  const { orderId, expiresAtMs, resumed } = input;
  let status: OrderStatus = resumed?.status ?? 'pending';
  let isCancelRequested = resumed?.isCancelRequested ?? false;
  let isConfirmed = resumed?.isConfirmed ?? input.confirmWithinMs === undefined;
  let hasLeftovers = resumed?.hasLeftovers ?? false;
  let review = resumed?.review;
  let polls = resumed?.polls ?? 0;
  const wishes = new Set<OrderCommand>(resumed?.wishes);
  const resolving = new Set<NotificationId>();
  let opening = new CancellationScope();
  const isOver = () => isEnded(status);
  const hasMoney = () => status === 'authorized' || hasBeenPaid(status);
  const isIdle = () => status === 'review' || status === 'authorized';
  const isExpired = () => Date.now() >= expiresAtMs;
  const isToConfirm = () => !isConfirmed && hasMoney();
  // An order under review is never closed by a clock or a wish, held money by no clock: a person, or the provider, ends it.
  const shallClose = () =>
    status === 'pending'
      ? isCancelRequested || isExpired()
      : status === 'authorized' && isCancelRequested;
  const isDue = () => isOver() || shallClose() || wishes.size > 0 || isToConfirm();
  const untilNextLookMs = () => {
    const pollMs = nextPollMs({ polls, isIdle: isIdle() });
    return isIdle() ? pollMs : Math.min(pollMs, Math.max(expiresAtMs - Date.now(), 1));
  };
  const note = (progress: OrderProgress) => {
    hasLeftovers ||= progress.hasLeftovers ?? false;
    // What the database says is monotonic; an answer that was under way longer must not undo a newer one.
    // Only late money that the order accepts leads on from a close.
    const isNewer = isOver() ? !hasBeenPaid(status) && hasBeenPaid(progress.status) : true;
    const isSameStatus = progress.status === status;
    if (!isNewer || (isSameStatus && progress.review === review)) return;
    ({ status, review } = progress);
    setCurrentDetails(detailsOf(progress));
    if (isSameStatus) return;
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
  };

  const inTurn = oneAtATime();
  setHandler(orderProgress, () => ({ status }));
  setHandler(providerReported, async ({ notificationId }) => {
    const progress = await inTurn(() => record.applyNotification({ notificationId }));
    note(progress);
    // The sweep says a notification again until it is dealt with; asking once at a time is enough.
    if (!progress.isOnlyHint || resolving.has(notificationId)) return;
    resolving.add(notificationId);
    try {
      note(await resolveNotification({ notificationId }));
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and the sweep says it again.
      if (!(error instanceof ActivityFailure)) throw error;
    } finally {
      resolving.delete(notificationId);
    }
  });
  setHandler(wished, ({ wish }) => {
    wishes.add(wish);
    opening.cancel();
  });
  setHandler(cancelOrder, async () => {
    isCancelRequested = true;
    opening.cancel();
    await condition(() => isOver() || status === 'review');
    return { status };
  });
  if (!resumed) {
    setCurrentDetails('Opening the payment at the provider.');
    note(await openUnlessCommanded());
  }
  if (!isOver()) setCurrentDetails(detailsOf({ status, review }));
  while (!isOver()) {
    if (isHistoryLong() && allHandlersFinished()) await goOn();
    await condition(isDue, untilNextLookMs(), { summary: 'until the provider is asked' });
    if (isOver()) break;
    polls += 1;
    try {
      note(await nextStep());
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and the order is asked about again later.
      if (!(error instanceof ActivityFailure)) throw error;
      await condition(isOver, nextPollMs({ polls, isIdle: isIdle() }));
    }
  }
  do {
    if (isToConfirm()) await confirmOnce();
    if (hasLeftovers) {
      // Before the call: what a handler finds meanwhile is for the next round.
      hasLeftovers = false;
      if (!(await closeOpenAttempts({ orderId }))) hasLeftovers = true;
    }
    await condition(allHandlersFinished);
    if ((isToConfirm() || hasLeftovers) && isHistoryLong()) await goOn();
  } while (isToConfirm() || hasLeftovers);
  return { status };

  /** In a fresh history: a long order asks its provider every minute, and each time is some ten events. */
  function goOn(): Promise<never> {
    return continueAsNew<typeof payOrder>({
      ...input,
      resumed: {
        ...{ status, polls, isConfirmed, hasLeftovers, isCancelRequested },
        wishes: [...wishes],
        ...(review !== undefined && { review }),
      },
    });
  }

  async function nextStep(): Promise<OrderProgress> {
    if (isToConfirm()) return confirmOnce();
    if (wishes.delete('resolve')) return resolveReview({ orderId });
    if (wishes.delete('capture')) return capturePayment({ orderId });
    if (wishes.delete('switch')) return switchTo();
    if (!shallClose()) return queryPayment({ orderId });
    const reason: CloseReason = isCancelRequested && !isExpired() ? 'cancelled' : 'expired';
    return closePayment({ orderId, reason: status === 'authorized' ? 'cancelled' : reason });
  }

  async function confirmOnce(): Promise<OrderProgress> {
    isConfirmed = true;
    const progress = await confirmOrder({ orderId, withinMs: input.confirmWithinMs ?? 0 });
    isConfirmed = progress !== undefined;
    return progress ?? { status };
  }

  async function switchTo(): Promise<OrderProgress> {
    // What is wished for from here on is wished for instead of the new attempt.
    opening = new CancellationScope();
    const progress = await switchPayment({ orderId });
    return progress.status === 'pending' ? openUnlessCommanded() : progress;
  }

  /** Opens the payment, for as long as nobody wishes for something else. */
  async function openUnlessCommanded(): Promise<OrderProgress> {
    try {
      return await opening.run(() => openPayment(input, inTurn));
    } catch (error) {
      // Out of time, or cancelled while the provider did not answer: what became of it is asked for then.
      if (!isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
      return { status };
    }
  }
}

async function openPayment(
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

function detailsOf({
  status,
  review,
}: Pick<OrderProgress, 'status'> & { review?: string | undefined }): string {
  return review === undefined ? details[status] : `${details[status]} ${review}.`;
}

const details: Record<OrderStatus, string> = {
  pending: 'Waiting for the payer. The provider is asked when no notification comes.',
  authorized: 'The money is held. Waiting for the merchant to capture it or to cancel.',
  review:
    'IN REVIEW: the provider contradicted the order. A person must look; nothing is closed meanwhile.',
  paid: 'Paid.',
  partially_refunded: 'Paid, and in part refunded.',
  refunded: 'Paid, and refunded.',
  closed: 'Closed unpaid.',
  failed: 'The provider refused to open the payment.',
};
