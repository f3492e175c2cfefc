import type { DisputeReport } from '../../domain/dispute.ts';
import type { NotificationId } from '../../domain/ids.ts';
import { decideOnBinding } from '../../domain/payment.ts';
import type { ProviderNews, ProviderReport } from '../../domain/payment.ts';
import type { RefundReport } from '../../domain/refund.ts';
import { finishNotification } from '../../db/queries/finish-notification.ts';
import { readNotification } from '../../db/queries/read-order.ts';
import type { NotificationRead, PaymentRow } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { ActivityDeps } from '../deps.ts';
import { changeOfProviderRefund } from '../../services/refunds/change-of-provider-refund.ts';
import { ignoreForeign } from './apply-notification.ts';
import { applyReport } from '../../services/payments/apply-report.ts';
import { askProvider, callProvider } from '../../services/payments/ask-provider.ts';
import { changeOfDispute } from '../../services/payments/change-of-dispute.ts';
import { commitAnswer, progressOf } from '../../services/payments/commit-decision.ts';
import { paymentRef } from '../../services/payments/payment-ref.ts';

/** Resolves a notification without content: queries the provider and applies its answer. */
export async function resolveNotification(
  deps: ActivityDeps,
  { notificationId: id }: { notificationId: NotificationId },
): Promise<OrderProgress> {
  const read = await readNotification(deps.db, { id });
  const { notification, payment, order } = read;
  const provider = await deps.providers.get(notification.accountId);
  const boundTo = (payment: PaymentRow) =>
    decideOnBinding(provider.expectedBinding(payment), notification.binding);
  const bound = boundTo(payment);
  if (bound.kind === 'review') {
    // The notification was not applied; only the provider's answers to queries are.
    deps.logger.error(
      { id, orderId: order.id, reason: bound.reason },
      'a notification names another recipient',
    );
    await finishNotification(deps.db, { id, outcome: 'review' });
    return progressOf(read);
  }
  if (bound.kind === 'foreign') {
    await ignoreForeign(deps, read);
    return progressOf(read);
  }
  const { news } = notification;
  // A refund's notification may overtake its payment's, so the payment is queried first. A complete refund concerns
  // both.
  const isKnown = payment.status === 'succeeded' && news.kind !== 'payment';
  const answered = isKnown ? undefined : await askProvider(deps, payment);
  const progress = answered ? await applyAnswer(deps, read, answered) : progressOf(read);
  if (bound.kind === 'ask' && reportsMoney(news)) {
    const after = await readNotification(deps.db, { id });
    // Money that contradicts the order is ours too, although its number is not in the order's row.
    const providerTradeNo = after.payment.providerTradeNo ?? tradeNoIn(answered);
    if (boundTo({ ...after.payment, providerTradeNo }).kind !== 'bound') {
      if (isHandlePending(after)) throw handlePending;
      // The payment that we opened has brought no money, or money under another number.
      await ignoreForeign(deps, after);
      return progress;
    }
  }
  if (news.kind === 'refund') return applyRefundNews(deps, read, news);
  if (news.kind === 'dispute') {
    return applyDisputeNews(deps, read, news.report);
  }
  const isInReview = progress.status === 'review';
  await finishNotification(deps.db, { id, outcome: isInReview ? 'review' : 'applied' });
  return progress;
}

function reportsMoney(news: ProviderNews): boolean {
  if (news.kind === 'payment') return news.report.status === 'succeeded';
  return news.kind !== 'hint';
}

const handleWithinMs = 3_600_000;

/**
 * The answer to the call that opens the payment is not stored yet, or was lost and the provider's search lags behind.
 */
function isHandlePending({ payment, notification }: NotificationRead): boolean {
  const isKnown = payment.providerRef !== null || payment.providerTradeNo !== null;
  return !isKnown && Date.now() - notification.receivedAt.getTime() < handleWithinMs;
}

const handlePending = new ProviderFault(
  'retryable',
  'handle_on_its_way',
  "the payment's provider handle is not known yet: the answer to its opening is pending",
);

function tradeNoIn(report: ProviderReport | undefined): string | null {
  const hasMoney = report?.status === 'succeeded' || report?.status === 'authorized';
  return hasMoney ? report.providerTradeNo : null;
}

function applyAnswer(
  deps: ActivityDeps,
  { order, payment }: NotificationRead,
  report: ProviderReport,
): Promise<OrderProgress> {
  return applyReport(deps, {
    orderId: order.id,
    paymentId: payment.id,
    report,
    closeReason: 'closed_by_provider',
  });
}

/** Queries the dispute, because notifications may arrive out of order and a lost dispute may be won. */
async function applyDisputeNews(
  deps: ActivityDeps,
  { notification: { id } }: NotificationRead,
  reported: DisputeReport,
): Promise<OrderProgress> {
  const { disputeNo } = reported;
  const { read, answer, change } = await commitAnswer(deps, {
    read: () => readNotification(deps.db, { id }),
    ask: ({ payment }) =>
      callProvider(deps, payment, async (provider) =>
        provider.queryDispute
          ? provider.queryDispute({ payment: paymentRef(payment), disputeNo })
          : ({ kind: 'reported', report: reported } as const),
      ),
    decide: (read, answer) => {
      if (answer.kind === 'unknown') return undefined;
      const change = changeOfDispute({ read, payment: read.payment, report: answer.report });
      return change && { ...change, notification: { id, outcome: 'applied' } };
    },
  });
  if (answer.kind === 'unknown') {
    const about = { orderId: read.order.id, disputeNo, providerStatus: answer.providerStatus };
    deps.logger.error(about, 'unmapped dispute status');
  }
  // A change is stored together with its outcome.
  if (!change) await finishNotification(deps.db, { id, outcome: 'unchanged' });
  return progressOf(read, change);
}

async function applyRefundNews(
  deps: ActivityDeps,
  { notification: { id } }: NotificationRead,
  { refundNo, providerRefundNo }: { refundNo: string; providerRefundNo: string | null },
): Promise<OrderProgress> {
  const { read, answer, change } = await commitAnswer(deps, {
    read: () => readNotification(deps.db, { id }),
    ask: async ({ payment }): Promise<RefundReport> => {
      const answer = await callProvider(deps, payment, (provider) =>
        provider.queryRefund({ payment: paymentRef(payment), refundNo, providerRefundNo }),
      );
      return answer.report;
    },
    decide: (read, report) => {
      const change = changeOfProviderRefund({ read, payment: read.payment, refundNo, report });
      const outcome = change?.order.reviewReason ? 'review' : 'applied';
      return change && { ...change, notification: { id, outcome } };
    },
  });
  const isBooked = read.refunds.some((refund) => refund.refundNo === refundNo);
  if (!change && answer.status === 'succeeded' && !isBooked) {
    deps.logger.error(
      { orderId: read.order.id, refundNo, report: answer },
      'the provider reports a refund beyond the booked amount again: compare the order in its portal',
    );
  }
  if (!change) await finishNotification(deps.db, { id, outcome: 'unchanged' });
  return progressOf(read, change);
}
