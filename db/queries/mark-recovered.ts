import { inArray } from 'drizzle-orm';
import type { OrderId, RefundId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { orders } from '../schema/orders.ts';
import { refunds } from '../schema/refunds.ts';

/** Notes that the sweep saw to these, so that the next sweep looks at others first. */
export async function markSwept(
  db: Database,
  { orderIds, refundIds }: { orderIds: OrderId[]; refundIds: RefundId[] },
): Promise<void> {
  const sweptAt = new Date();
  if (orderIds.length > 0) {
    await db.update(orders).set({ sweptAt }).where(inArray(orders.id, orderIds));
  }
  if (refundIds.length > 0) {
    await db.update(refunds).set({ sweptAt }).where(inArray(refunds.id, refundIds));
  }
}
