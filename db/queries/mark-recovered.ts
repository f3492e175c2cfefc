import { inArray } from 'drizzle-orm';
import type { OrderId, RefundId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { orders } from '../schema/orders.ts';
import { refunds } from '../schema/refunds.ts';

/** Records that these were recovered, so that the next run handles others first. */
export async function markRecovered(
  db: Database,
  { orderIds, refundIds }: { orderIds: OrderId[]; refundIds: RefundId[] },
): Promise<void> {
  const recoveredAt = new Date();
  if (orderIds.length > 0) {
    await db.update(orders).set({ recoveredAt }).where(inArray(orders.id, orderIds));
  }
  if (refundIds.length > 0) {
    await db.update(refunds).set({ recoveredAt }).where(inArray(refunds.id, refundIds));
  }
}
