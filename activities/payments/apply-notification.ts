import type { NotificationId } from '../../domain/ids.ts';
import { decideOnBinding, decideOnReport } from '../../domain/payment.ts';
import { findNotification } from '../../db/queries/find-notification.ts';
import { finishNotification } from '../../db/queries/finish-notification.ts';
import { lockPayment } from '../../db/queries/lock-payment.ts';
import type { OrderProgress } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';
import { applyDecision } from './apply-report.ts';

/**
 * Applies one notification from the inbox, in one transaction with the event it causes. Applying it
 * again changes nothing.
 */
export async function applyNotification(
  { db, providers, logger }: ActivityDeps,
  { notificationId }: { notificationId: NotificationId },
): Promise<OrderProgress> {
  const notification = await findNotification(db, { id: notificationId });
  const { orderId, report, binding, subject } = notification;
  if (!orderId) throw new Error(`notification ${notificationId} belongs to no order`);
  const provider = await providers.get(notification.accountId);
  return db.transaction(async (tx) => {
    const locked = await lockPayment(tx, { orderId });
    if (notification.appliedAt) return { status: locked.order.status };
    if (subject === 'refund') {
      await finishNotification(tx, { id: notificationId, outcome: 'unsupported' });
      logger.warn({ notificationId, orderId }, 'a provider-side refund was reported and only kept');
      return { status: locked.order.status };
    }
    const expected = provider.expectedBinding({ outTradeNo: locked.payment.outTradeNo });
    const bound = decideOnBinding(expected, binding);
    const decision = bound.kind === 'review' ? bound : decideOnReport(locked.payment, report);
    const applied = await applyDecision(tx, {
      locked,
      report,
      decision,
      closeReason: 'closed_by_provider',
    });
    const isReview = decision.kind === 'review';
    if (isReview)
      logger.error(
        { notificationId, orderId, reason: decision.reason },
        'notification contradicts its order',
      );
    const outcome = isReview ? 'review' : decision.kind === 'unchanged' ? 'unchanged' : 'applied';
    await finishNotification(tx, { id: notificationId, outcome });
    return { status: applied.status };
  });
}
