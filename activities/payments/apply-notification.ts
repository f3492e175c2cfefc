import type { NotificationId } from '../../domain/ids.ts';
import { decideOnBinding, decideOnReport } from '../../domain/payment.ts';
import type { BindingDecision } from '../../domain/payment.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import { finishNotification } from '../../db/queries/finish-notification.ts';
import { readNotification } from '../../db/queries/read-order.ts';
import type { NotificationRead } from '../../db/queries/read-order.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { isWhollyGivenBack, stateOf } from '../../services/payments/apply-report.ts';
import { changeOfReport } from '../../services/payments/change-of-report.ts';
import { commitDecision, progressOf } from '../../services/payments/commit-decision.ts';

/**
 * Applies one notification from the inbox, in one transaction with the event it causes. Idempotent. A notification
 * without content is left for `resolveNotification`.
 */
export async function applyNotification(
  deps: ActivityDeps,
  { notificationId: id }: { notificationId: NotificationId },
): Promise<OrderProgress> {
  const { db, providers } = deps;
  const first = await readNotification(db, { id });
  const { notification } = first;
  if (notification.appliedAt) return progressOf(first);
  const { news, binding } = notification;
  // A payment that was also refunded makes two changes; a query to the provider makes both.
  const isSelfContained = news.kind === 'payment' && !isWhollyGivenBack(news.report);
  if (!isSelfContained) return { ...progressOf(first), isOnlyHint: true };
  const { report } = news;
  const provider = await providers.get(notification.accountId);
  const made: { bound?: BindingDecision; needsQuery?: boolean; isRecorded?: boolean } = {};
  const progress = await commitDecision(deps, {
    first,
    read: () => readNotification(db, { id }),
    decide: (read) => {
      const expected = provider.expectedBinding(read.payment);
      const bound = decideOnBinding(expected, binding);
      made.bound = bound;
      made.needsQuery = bound.kind === 'ask' || (bound.kind === 'bound' && isDoubtful(read));
      if (made.needsQuery || bound.kind === 'foreign') return undefined;
      const change = changeOfReport({
        read,
        payment: read.payment,
        closeReason: 'closed_by_provider',
        decision:
          bound.kind === 'review' ? bound : decideOnReport(stateOf(read, read.payment), report),
        source: { report, notification: { id, expected, binding } },
      });
      made.isRecorded = change !== undefined;
      if (!change) return undefined;
      return { ...change, notification: { id, outcome: outcomeOf(change) } };
    },
  });
  if (made.needsQuery) return { ...progress, isOnlyHint: true };
  if (made.bound?.kind === 'foreign') {
    await ignoreForeign(deps, first);
    return progress;
  }
  // A change is stored together with its outcome.
  if (!made.isRecorded) await finishNotification(db, { id, outcome: 'unchanged' });
  return progress;
}

/** Ignores and logs money that somebody else collected under our number; it is not our order's. */
export async function ignoreForeign(
  { db, logger }: ActivityDeps,
  { notification: { id, binding, news }, order, payment }: NotificationRead,
): Promise<void> {
  const { providerRef, providerTradeNo } = payment;
  logger.error(
    { id, orderId: order.id, told: binding, news, opened: { providerRef, providerTradeNo } },
    'a notification is about a payment that carries our number but was not opened by us: find its origin at the provider',
  );
  await finishNotification(db, { id, outcome: 'foreign' });
}

/** An authorisation and its close may arrive out of order, so the provider is queried. */
function isDoubtful({ notification: { news }, payment }: NotificationRead): boolean {
  if (news.kind !== 'payment') return false;
  const { status } = news.report;
  return (
    (status === 'authorized' && payment.status === 'closed') ||
    (status === 'closed' && payment.status === 'authorized')
  );
}

function outcomeOf(change: Change) {
  return change.event?.type === 'order.review_required'
    ? ('review' as const)
    : ('applied' as const);
}
