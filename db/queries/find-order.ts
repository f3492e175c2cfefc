import { asc, eq, inArray, and, sql } from 'drizzle-orm';
import type { MerchantId, OrderId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/order.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { OrderSnapshot } from '../../domain/order-snapshot.ts';
import { isOpen } from '../../domain/payment.ts';
import type { NextAction } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { preparedOnce } from '../prepared.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';

/** An order as it stands, and what its payer has to do next (null once there is nothing to do). */
export type OrderView = {
  snapshot: OrderSnapshot;
  nextAction: NextAction | null;
  checkoutToken: string;
};

const columns = { order: orders, payment: payments, provider: providerAccounts.provider };

const selectWithPayments = (db: Database) =>
  db
    .select(columns)
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .orderBy(asc(payments.id))
    .$dynamic();

const byId = preparedOnce('find_order', (db, name) =>
  selectWithPayments(db)
    .where(
      and(
        eq(orders.id, sql.placeholder('orderId')),
        eq(orders.merchantId, sql.placeholder('merchantId')),
      ),
    )
    .prepare(name),
);

const byToken = preparedOnce('find_order_by_token', (db, name) =>
  selectWithPayments(db)
    .where(eq(orders.checkoutToken, sql.placeholder('checkoutToken')))
    .prepare(name),
);

/** One order of one merchant; undefined when there is none, or it is another merchant's. */
export async function findOrder(
  db: Database,
  input: { merchantId: MerchantId; orderId: OrderId },
): Promise<OrderView | undefined> {
  return viewsOf(await byId(db).execute(input))[0];
}

/** The order that a checkout page shows. */
export async function findOrderByToken(
  db: Database,
  input: { checkoutToken: string },
): Promise<OrderView | undefined> {
  return viewsOf(await byToken(db).execute(input))[0];
}

/** Orders by id, in the order of the ids. */
export async function findOrders(db: Database, orderIds: readonly OrderId[]): Promise<OrderView[]> {
  if (orderIds.length === 0) return [];
  const views = viewsOf(await selectWithPayments(db).where(inArray(orders.id, [...orderIds])));
  const byOrderId = new Map(views.map((view) => [view.snapshot.id, view]));
  return orderIds.flatMap((id) => byOrderId.get(id) ?? []);
}

type Row = {
  order: typeof orders.$inferSelect;
  payment: typeof payments.$inferSelect;
  provider: string;
};

function viewsOf(rows: readonly Row[]): OrderView[] {
  const byOrderId = new Map<OrderId, Row[]>();
  for (const row of rows)
    byOrderId.set(row.order.id, [...(byOrderId.get(row.order.id) ?? []), row]);
  return Array.from(byOrderId.values(), viewOf);
}

function viewOf(rows: readonly Row[]): OrderView {
  const { order } = rows[0]!;
  const own = rows.map(({ payment, provider }) => ({ ...payment, provider }));
  const open = own.find((payment) => isOpen(payment.status));
  return {
    snapshot: snapshotOf(order, own),
    nextAction: isEnded(order.status) ? null : (open?.nextAction ?? null),
    checkoutToken: order.checkoutToken,
  };
}
