import { and, desc, eq, gte, lt } from 'drizzle-orm';
import type { MerchantId, OrderId } from '../../domain/ids.ts';
import type { OrderStatus } from '../../domain/order.ts';
import type { Database } from '../database.ts';
import { orders } from '../schema/orders.ts';
import { findOrders } from './find-order.ts';
import type { OrderView } from './find-order.ts';

export type OrderFilter = {
  status?: OrderStatus | undefined;
  merchantOrderNo?: string | undefined;
  createdFrom?: Date | undefined;
  createdBefore?: Date | undefined;
};

/** A merchant's orders, newest first; `before` is the last id of the previous page. */
export async function listOrders(
  db: Database,
  input: {
    merchantId: MerchantId;
    filter: OrderFilter;
    before: OrderId | undefined;
    limit: number;
  },
): Promise<{ orders: OrderView[]; hasMore: boolean }> {
  const { filter } = input;
  const rows = await db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        eq(orders.merchantId, input.merchantId),
        input.before && lt(orders.id, input.before),
        filter.status && eq(orders.status, filter.status),
        filter.merchantOrderNo === undefined
          ? undefined
          : eq(orders.merchantOrderNo, filter.merchantOrderNo),
        filter.createdFrom && gte(orders.createdAt, filter.createdFrom),
        filter.createdBefore && lt(orders.createdAt, filter.createdBefore),
      ),
    )
    .orderBy(desc(orders.id))
    .limit(input.limit + 1);
  const page = rows.slice(0, input.limit).map(({ id }) => id);
  return { orders: await findOrders(db, page), hasMore: rows.length > input.limit };
}
