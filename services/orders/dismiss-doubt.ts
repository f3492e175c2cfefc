import { newId } from '../../domain/ids.ts';
import type { MerchantId, OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import { reviewOf } from '../../domain/order-snapshot.ts';
import type { Database } from '../../db/database.ts';
import { withOrderLocked } from '../../db/locked.ts';
import { commitLocked } from '../../db/queries/commit-locked.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { auditEntries } from '../../db/schema/audit.ts';

/**
 * Records that a person has dealt with the review of an ended order; nothing is booked. False if there is no open
 * review. Keeps the reason, so that the same report raises no new review.
 */
export function dismissDoubt(
  db: Database,
  input: { orderId: OrderId; merchantId: MerchantId; actor: string; note: string },
): Promise<boolean> {
  const { orderId, merchantId, actor, note } = input;
  return withOrderLocked(db, { orderId }, async (locked) => {
    const read = await readOrder(locked, { orderId });
    const review = reviewOf(read.order);
    if (!review || !isEnded(read.order.status)) return false;
    await commitLocked(locked, {
      read,
      change: {
        order: { reviewFacts: null },
        event: { type: 'order.review_resolved', about: review.paymentId },
      },
    });
    await locked.insert(auditEntries).values({
      id: newId('audit'),
      merchantId,
      actor,
      resourceId: orderId,
      action: 'order.review.dismiss',
      details: { note, review },
    });
    return true;
  });
}
