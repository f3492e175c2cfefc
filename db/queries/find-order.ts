import { and, asc, eq, inArray } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { MerchantId, OrderId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { OrderSnapshot } from '../../domain/order-snapshot.ts';
import { isOpen } from '../../domain/payment.ts';
import type { NextAction } from '../../domain/payment.ts';
import { isEnded } from '../../domain/order.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';
import type { Queryable } from '../transaction.ts';

/** An order as it stands, and what its payer has to do next (null once there is nothing to do). */
export type OrderView = {
  snapshot: OrderSnapshot;
  nextAction: NextAction | null;
  checkoutToken: string;
};

/** One order of one merchant; undefined when there is none, or it is another merchant's. */
export function findOrder(
  db: Queryable,
  { merchantId, orderId }: { merchantId: MerchantId; orderId: OrderId },
): Promise<OrderView | undefined> {
  return findOne(db, and(eq(orders.id, orderId), eq(orders.merchantId, merchantId)));
}

/** The order that a checkout page shows. */
export function findOrderByToken(
  db: Queryable,
  { checkoutToken }: { checkoutToken: string },
): Promise<OrderView | undefined> {
  return findOne(db, eq(orders.checkoutToken, checkoutToken));
}

async function findOne(db: Queryable, condition: SQL | undefined): Promise<OrderView | undefined> {
  const [order] = await db.select().from(orders).where(condition);
  return order && (await withPayments(db, [order]))[0];
}

/** Adds their payments to rows already read, in one query. */
export async function withPayments(
  db: Queryable,
  rows: readonly (typeof orders.$inferSelect)[],
): Promise<OrderView[]> {
  if (rows.length === 0) return [];
  const found = await db
    .select({ payment: payments, provider: providerAccounts.provider })
    .from(payments)
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .where(
      inArray(
        payments.orderId,
        rows.map((row) => row.id),
      ),
    )
    .orderBy(asc(payments.id));
  return rows.map((order) => {
    const own = found
      .filter(({ payment }) => payment.orderId === order.id)
      .map(({ payment, provider }) => ({ ...payment, provider }));
    const open = own.find((payment) => isOpen(payment.status));
    return {
      snapshot: snapshotOf(order, own),
      nextAction: isEnded(order.status) ? null : (open?.nextAction ?? null),
      checkoutToken: order.checkoutToken,
    };
  });
}
