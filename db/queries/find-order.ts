import { asc, eq, inArray, and, sql } from 'drizzle-orm';
import type { MerchantId, OrderId } from '../../domain/ids.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { OrderSnapshot } from '../../domain/order-snapshot.ts';
import { awaitsPayer, isHandleDead } from '../../domain/payment.ts';
import type { NextAction } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { preparedOnce } from '../prepared.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';
import { readAfterPaid } from './read-after-paid.ts';
import type { DisputeRow, RefundRow } from './read-order.ts';

/** An order's current state, and what its payer has to do next (null if nothing). */
export type OrderView = {
  snapshot: OrderSnapshot;
  nextAction: NextAction | null;
  /** Until when the payer can do it, if that is before the order's end; null if there is nothing to do. */
  nextActionExpiresAt: Date | null;
  /** The code or address has expired and can be renewed. */
  isHandleDead: boolean;
  /** Another method or code was requested and is on its way. */
  isSwitching: boolean;
  /** The current payment method. */
  method: string | null;
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

/** One order of one merchant; undefined if the merchant has no such order. */
export async function findOrder(
  db: Database,
  input: { merchantId: MerchantId; orderId: OrderId },
): Promise<OrderView | undefined> {
  const [view] = await viewsOf(db, () => byId(db).execute(input));
  return view;
}

/** The order of a checkout page. */
export async function findOrderByToken(
  db: Database,
  input: { checkoutToken: string },
): Promise<OrderView | undefined> {
  const [view] = await viewsOf(db, () => byToken(db).execute(input));
  return view;
}

/** Orders by id, in the order of the ids. */
export async function findOrders(db: Database, orderIds: readonly OrderId[]): Promise<OrderView[]> {
  if (orderIds.length === 0) return [];
  const views = await viewsOf(db, () =>
    selectWithPayments(db).where(inArray(orders.id, [...orderIds])),
  );
  const byOrderId = new Map(views.map((view) => [view.snapshot.id, view]));
  return orderIds.flatMap((id) => byOrderId.get(id) ?? []);
}

type Row = {
  order: typeof orders.$inferSelect;
  payment: typeof payments.$inferSelect;
  provider: string;
};

// A few changes between the reads are a burst; after ten the view is returned as read.
const attempts = 10;

/**
 * An order, its refunds and its disputes are read by separate statements. Changes in between would mix states, such as
 * a completed refund missing from the sum; then everything is read again.
 */
async function viewsOf(db: Database, read: () => Promise<Row[]>): Promise<OrderView[]> {
  for (let attempt = 1; ; attempt++) {
    const rows = await read();
    const paidIds = rows.flatMap(({ order, payment }) =>
      payment.status === 'succeeded' || order.reviewReason !== null ? [order.id] : [],
    );
    const [refunded, disputed] = await readAfterPaid(db, [...new Set(paidIds)]);
    const isWhole = paidIds.length === 0 || (await areUnchanged(db, rows));
    if (!isWhole && attempt < attempts) continue;
    return Array.from(groupBy(rows, ({ order }) => order.id).values(), (own) => {
      const isOwn = ({ orderId }: { orderId: OrderId }) => orderId === own[0]!.order.id;
      return viewOf(own, { refunds: refunded.filter(isOwn), disputes: disputed.filter(isOwn) });
    });
  }
}

async function areUnchanged(db: Database, rows: readonly Row[]): Promise<boolean> {
  const known = new Map(rows.map(({ order }) => [order.id, order.version]));
  const now = await db
    .select({ id: orders.id, version: orders.version })
    .from(orders)
    .where(inArray(orders.id, [...known.keys()]));
  return now.every(({ id, version }) => known.get(id) === version);
}

function groupBy<T, K>(all: readonly T[], keyOf: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}

function viewOf(
  rows: readonly Row[],
  parts: { refunds: RefundRow[]; disputes: DisputeRow[] },
): OrderView {
  const { order } = rows[0]!;
  const own = rows.map(({ payment, provider }) => ({ ...payment, provider }));
  const open = own.findLast((payment) => awaitsPayer(payment.status));
  const isWaiting = order.status === 'pending' || order.status === 'review';
  const isDead = open !== undefined && isHandleDead(open, Date.now());
  const current = isWaiting && !isDead ? open : undefined;
  return {
    snapshot: snapshotOf(order, { ...parts, payments: own }),
    nextAction: current?.nextAction ?? null,
    nextActionExpiresAt: current?.handleExpiresAt ?? null,
    isHandleDead: isDead && order.status === 'pending',
    isSwitching: order.switchRequestedTo !== null,
    method: open?.method ?? null,
    checkoutToken: order.checkoutToken,
  };
}
