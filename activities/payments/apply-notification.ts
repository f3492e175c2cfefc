import type { NotificationId } from '../../domain/ids.ts';
import { decideOnBinding, decideOnReport } from '../../domain/payment.ts';
import type { ReportDecision } from '../../domain/payment.ts';
import { finishNotification } from '../../db/queries/finish-notification.ts';
import { readNotification } from '../../db/queries/read-payment.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { changeOfReport } from './change-of-report.ts';
import { commitDecision } from './commit-decision.ts';

/**
 * Applies one notification from the inbox, in one transaction with the event it causes. Applying it
 * again changes nothing.
 */
export async function applyNotification(
  { db, providers, logger }: ActivityDeps,
  { notificationId: id }: { notificationId: NotificationId },
): Promise<OrderProgress> {
  const first = await readNotification(db, { id });
  const { notification, order } = first;
  if (notification.appliedAt) return { status: order.status };
  if (notification.subject === 'refund') {
    await finishNotification(db, { id, outcome: 'unsupported' });
    logger.warn({ id, orderId: order.id }, 'a provider-side refund was reported and only kept');
    return { status: order.status };
  }
  const provider = await providers.get(notification.accountId);
  const made: { decision: ReportDecision } = { decision: { kind: 'unchanged' } };
  const { report, binding } = notification;
  const progress = await commitDecision(db, {
    first,
    read: () => readNotification(db, { id }),
    decide: (read) => {
      const expected = provider.expectedBinding({ outTradeNo: read.payment.outTradeNo });
      const bound = decideOnBinding(expected, binding);
      const decision = bound.kind === 'review' ? bound : decideOnReport(read.payment, report);
      made.decision = decision;
      const change = changeOfReport({ read, report, decision, closeReason: 'closed_by_provider' });
      return change && { ...change, notification: { id, outcome: outcomeOf(decision) } };
    },
  });
  const { decision } = made;
  if (decision.kind === 'review') {
    logger.error(
      { id, orderId: order.id, reason: decision.reason },
      'a notification contradicts its order',
    );
  }
  // A change was written together with its outcome; what changed nothing is noted here.
  if (decision.kind !== 'settle')
    await finishNotification(db, { id, outcome: outcomeOf(decision) });
  return progress;
}

function outcomeOf({ kind }: ReportDecision) {
  return kind === 'review' || kind === 'unchanged' ? kind : ('applied' as const);
}
