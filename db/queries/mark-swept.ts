import { inArray } from 'drizzle-orm';
import type { OrderId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { orders } from '../schema/orders.ts';

/** Notes that the sweep saw to these orders, so that the next sweep looks at others first. */
export async function markSwept(
  db: Database,
  { orderIds }: { orderIds: OrderId[] },
): Promise<void> {
  if (orderIds.length === 0) return;
  await db.update(orders).set({ sweptAt: new Date() }).where(inArray(orders.id, orderIds));
}
