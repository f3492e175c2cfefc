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
 * A person has dealt with what contradicted an order that had ended: it is no longer in doubt, and nothing is booked.
 * False where nothing is in doubt. The reason stays, so that the same said again raises no doubt again.
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
