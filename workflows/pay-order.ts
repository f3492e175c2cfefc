import {
  ActivityFailure,
  CancellationScope,
  TemporalFailure,
  allHandlersFinished,
  condition,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { isEnded, nextPollMs } from '../domain/order.ts';
import type { OrderStatus } from '../domain/order.ts';
import { cancelOrder, orderProgress, providerReported } from './messages.ts';
import type { OrderProgress, PayOrderInput } from './messages.ts';
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

/** One order, from opened to its end. Workflow id: `order/<ord_id>`. */
export async function payOrder({ orderId, expiresAtMs }: PayOrderInput): Promise<OrderProgress> {
  let status: OrderStatus = 'pending';
  let isCancelRequested = false;
  let polls = 0;
  const opening = new CancellationScope();
  const isOver = () => isEnded(status);
  const inReview = () => status === 'review';
  const isExpired = () => Date.now() >= expiresAtMs;
  // An order under review is never closed by a clock or a wish: a person, or the provider, ends it.
  const shallClose = () => !inReview() && (isCancelRequested || isExpired());
  const untilNextLookMs = () => {
    const pollMs = nextPollMs({ polls, inReview: inReview() });
    return inReview() ? pollMs : Math.min(pollMs, Math.max(expiresAtMs - Date.now(), 1));
  };
  const note = (progress: OrderProgress) => {
    // What the database says is monotonic; an answer that was under way longer must not undo a newer one.
    if (isOver() || progress.status === status) return;
    status = progress.status;
    setCurrentDetails(detailsOf[status]);
    upsertSearchAttributes([{ key: searchAttributes.status, value: status }]);
  };

  setHandler(orderProgress, () => ({ status }));
  setHandler(providerReported, async ({ notificationId }) =>
    note(await record.applyNotification({ notificationId })),
  );
  setHandler(cancelOrder, async () => {
    isCancelRequested = true;
    opening.cancel();
    await condition(() => isOver() || inReview());
    return { status };
  });
  setCurrentDetails('Opening the payment at the provider.');

  try {
    note(await opening.run(() => openPayment({ orderId, expiresAtMs })));
  } catch (error) {
    // Out of time, or cancelled while the provider did not answer: what became of it is asked below.
    if (!isCancellation(error) && !(error instanceof ActivityFailure)) throw error;
  }
  if (!isOver()) setCurrentDetails(detailsOf[status]);
  while (!isOver()) {
    await condition(() => isOver() || shallClose(), untilNextLookMs(), {
      summary: 'until the provider is asked',
    });
    if (isOver()) break;
    polls += 1;
    try {
      const reason = isExpired() ? 'expired' : 'cancelled';
      note(await (shallClose() ? closePayment({ orderId, reason }) : queryPayment({ orderId })));
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and the order is asked about again later.
      if (!(error instanceof ActivityFailure)) throw error;
      await condition(isOver, nextPollMs({ polls, inReview: inReview() }));
    }
  }
  await condition(allHandlersFinished);
  return { status };
}

async function openPayment({ orderId, expiresAtMs }: PayOrderInput): Promise<OrderProgress> {
  try {
    return await opener.createPayment({ orderId });
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

const detailsOf: Record<OrderStatus, string> = {
  pending: 'Waiting for the payer. The provider is asked when no notification comes.',
  review:
    'IN REVIEW: the provider contradicted the order. A person must look; nothing is closed meanwhile.',
  paid: 'Paid.',
  closed: 'Closed unpaid.',
  failed: 'The provider refused to open the payment.',
};
