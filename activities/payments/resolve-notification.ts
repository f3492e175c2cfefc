import type { DisputeReport } from '../../domain/dispute.ts';
import type { NotificationId } from '../../domain/ids.ts';
import { decideOnBinding } from '../../domain/payment.ts';
import type { RefundReport } from '../../domain/refund.ts';
import { commitChange } from '../../db/queries/commit-change.ts';
import { finishNotification } from '../../db/queries/finish-notification.ts';
import { readNotification } from '../../db/queries/read-order.ts';
import type { NotificationRead } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { changeOfProviderRefund } from '../refunds/change-of-provider-refund.ts';
import { applyReport } from './apply-report.ts';
import { askProvider, callProvider } from './ask-provider.ts';
import { changeOfDispute } from './change-of-dispute.ts';
import { progressOf } from './commit-decision.ts';
import { paymentRef } from './payment-ref.ts';

const attempts = 10;

/** Fills in news that says only that there is news: the provider is asked, and its answer applied. */
export async function resolveNotification(
  deps: ActivityDeps,
  { notificationId: id }: { notificationId: NotificationId },
): Promise<OrderProgress> {
  const read = await readNotification(deps.db, { id });
  const { notification, payment, order } = read;
  const provider = await deps.providers.get(notification.accountId);
  const expected = provider.expectedBinding({ outTradeNo: payment.outTradeNo });
  const bound = decideOnBinding(expected, notification.binding);
  if (bound.kind === 'review') {
    // Nothing of it was believed; the provider's own answers are.
    deps.logger.error({ id, orderId: order.id, reason: bound.reason }, 'news for somebody else');
    await finishNotification(deps.db, { id, outcome: 'review' });
    return progressOf(read);
  }
  const { news } = notification;
  // News of a refund may overtake the news of its payment: first things first. That all has gone back is news of both.
  const isKnown = payment.status === 'succeeded' && news.kind !== 'payment';
  const progress = isKnown ? progressOf(read) : await applyAnswer(deps, read);
  if (news.kind === 'refund') return applyRefundNews(deps, read, news);
  if (news.kind === 'dispute') {
    return applyDisputeNews(deps, read, news.report);
  }
  await finishNotification(deps.db, { id, outcome: 'applied' });
  return progress;
}

async function applyAnswer(deps: ActivityDeps, read: NotificationRead): Promise<OrderProgress> {
  const { order, payment } = read;
  return applyReport(deps, {
    orderId: order.id,
    paymentId: payment.id,
    report: await askProvider(deps, payment),
    closeReason: 'closed_by_provider',
  });
}

/** The dispute is asked about: of two news the one told later may be the older, and what was lost may be won. */
async function applyDisputeNews(
  deps: ActivityDeps,
  first: NotificationRead,
  told: DisputeReport,
): Promise<OrderProgress> {
  const { id } = first.notification;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const read = await readNotification(deps.db, { id });
    const { payment } = read;
    const answer = await callProvider(deps, payment, async (provider) =>
      provider.queryDispute
        ? provider.queryDispute({ payment: paymentRef(payment), disputeNo: told.disputeNo })
        : ({ kind: 'reported', report: told } as const),
    );
    if (answer.kind === 'unknown') {
      const { providerStatus } = answer;
      const about = { orderId: read.order.id, disputeNo: told.disputeNo, providerStatus };
      deps.logger.error(about, 'a dispute status we have no word for');
    }
    const change =
      answer.kind === 'reported'
        ? changeOfDispute({ read, payment, report: answer.report })
        : undefined;
    if (!change) {
      await finishNotification(deps.db, { id, outcome: 'unchanged' });
      return progressOf(read);
    }
    const noted = { ...change, notification: { id, outcome: 'applied' } as const };
    if (await commitChange(deps.db, { read, change: noted })) return progressOf(read, change);
  }
  throw new Error(`order ${first.order.id} was changed by somebody else ten times in a row`);
}

async function applyRefundNews(
  deps: ActivityDeps,
  first: NotificationRead,
  news: { refundNo: string; providerRefundNo: string | null },
): Promise<OrderProgress> {
  const { id } = first.notification;
  const { refundNo, providerRefundNo } = news;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const read = await readNotification(deps.db, { id });
    const { payment } = read;
    const { report }: { report: RefundReport } = await callProvider(deps, payment, (provider) =>
      provider.queryRefund({ payment: paymentRef(payment), refundNo, providerRefundNo }),
    );
    const change = changeOfProviderRefund({ read, payment, refundNo, report });
    if (!change) {
      await finishNotification(deps.db, { id, outcome: 'unchanged' });
      return progressOf(read);
    }
    const outcome = change.order.reviewReason ? 'review' : 'applied';
    const noted = { ...change, notification: { id, outcome } as const };
    if (await commitChange(deps.db, { read, change: noted })) return progressOf(read, change);
  }
  throw new Error(`order ${first.order.id} was changed by somebody else ten times in a row`);
}
