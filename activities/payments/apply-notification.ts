import type { NotificationId } from '../../domain/ids.ts';
import { decideOnBinding, decideOnReport } from '../../domain/payment.ts';
import type { ProviderReport, ReportDecision } from '../../domain/payment.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import { finishNotification } from '../../db/queries/finish-notification.ts';
import { readNotification } from '../../db/queries/read-order.ts';
import type { NotificationRead } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { isWhollyGivenBack, stateOf } from './apply-report.ts';
import { changeOfReport } from './change-of-report.ts';
import { commitDecision, progressOf } from './commit-decision.ts';

/**
 * Applies one notification from the inbox, in one transaction with the event it causes. Applying it
 * again changes nothing. News that only the provider can fill in is left for `resolveNotification`.
 */
export async function applyNotification(
  deps: ActivityDeps,
  { notificationId: id }: { notificationId: NotificationId },
): Promise<OrderProgress> {
  const { db, providers, logger } = deps;
  const first = await readNotification(db, { id });
  const { notification, order } = first;
  if (notification.appliedAt) return progressOf(first);
  const { news, binding } = notification;
  // Paid and given back is two changes: the provider's own answer makes both.
  const isGivenBack = news.kind === 'payment' && isWhollyGivenBack(news.report);
  if (news.kind !== 'payment' || isGivenBack || isDoubtful(first)) {
    return { ...progressOf(first), isOnlyHint: true };
  }
  const provider = await providers.get(notification.accountId);
  const made: { review?: string; isDoubtful?: boolean; isNoted?: boolean } = {};
  const progress = await commitDecision(deps, {
    first,
    read: () => readNotification(db, { id }),
    decide: (read) => {
      made.isDoubtful = isDoubtful(read);
      if (made.isDoubtful) return undefined;
      const expected = provider.expectedBinding({ outTradeNo: read.payment.outTradeNo });
      const bound = decideOnBinding(expected, binding);
      const change = changeOfPayment(read, bound.kind === 'review' ? bound : news);
      const outcome = outcomeOf(change);
      if (outcome === 'review') made.review = change?.order.reviewReason ?? 'unknown';
      made.isNoted = change !== undefined;
      if (!change) return undefined;
      return { ...change, notification: { id, outcome } };
    },
  });
  if (made.isDoubtful) return { ...progress, isOnlyHint: true };
  if (made.review) {
    logger.error(
      { id, orderId: order.id, reason: made.review },
      'a notification contradicts its order',
    );
  }
  // A change was written together with its outcome.
  if (!made.isNoted) await finishNotification(db, { id, outcome: 'unchanged' });
  return progress;
}

/** Of a hold and its close the one that is told later may be the older one: the provider is asked. */
function isDoubtful({ notification: { news }, payment }: NotificationRead): boolean {
  if (news.kind !== 'payment') return false;
  const { status } = news.report;
  return (
    (status === 'authorized' && payment.status === 'closed') ||
    (status === 'closed' && payment.status === 'authorized')
  );
}

function changeOfPayment(
  read: NotificationRead,
  news: { kind: 'payment'; report: ProviderReport } | ReviewDecision,
): Change | undefined {
  const { payment } = read;
  const decision =
    news.kind === 'review' ? news : decideOnReport(stateOf(read, payment), news.report);
  return changeOfReport({ read, payment, decision, closeReason: 'closed_by_provider' });
}

type ReviewDecision = Extract<ReportDecision, { kind: 'review' }>;

function outcomeOf(change: Change | undefined) {
  if (!change) return 'unchanged' as const;
  return change.event?.type === 'order.review_required'
    ? ('review' as const)
    : ('applied' as const);
}
