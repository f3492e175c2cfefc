import { and, eq, isNull } from 'drizzle-orm';
import type { OrderId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { orders } from '../schema/orders.ts';

/** Writes down that an order is to be cancelled, so that the wish survives until a worker hears it. */
export async function requestCancel(
  db: Database,
  { orderId }: { orderId: OrderId },
): Promise<void> {
  await db
    .update(orders)
    .set({ cancelRequestedAt: new Date() })
    .where(
      and(eq(orders.id, orderId), eq(orders.status, 'pending'), isNull(orders.cancelRequestedAt)),
    );
}
