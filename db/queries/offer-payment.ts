import { and, eq, inArray, sql } from 'drizzle-orm';
import type { OrderId, PaymentId } from '../../domain/ids.ts';
import type { NextAction } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { orders, payments } from '../schema/orders.ts';

/**
 * Stores what the payer has to do next and shows it on the order. A payment that was decided
 * meanwhile (an early notification) keeps its state: false.
 */
export function offerPayment(
  db: Database,
  input: { orderId: OrderId; paymentId: PaymentId; nextAction: NextAction },
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const offered = await tx
      .update(payments)
      .set({ status: 'pending', nextAction: input.nextAction })
      .where(
        and(eq(payments.id, input.paymentId), inArray(payments.status, ['created', 'pending'])),
      )
      .returning({ id: payments.id });
    if (offered.length === 0) return false;
    await tx
      .update(orders)
      .set({ version: sql`${orders.version} + 1`, updatedAt: new Date() })
      .where(eq(orders.id, input.orderId));
    return true;
  });
}
