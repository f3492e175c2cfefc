import { asc, eq, sql } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { NotificationId, OrderId, PaymentId, RefundId } from '../../domain/ids.ts';
import { isOpen } from '../../domain/payment.ts';
import type { Database } from '../database.ts';
import { preparedOnce } from '../prepared.ts';
import { merchants } from '../schema/merchants.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { disputes, refunds } from '../schema/refunds.ts';
import { readAfterPaid } from './read-after-paid.ts';

export type OrderRow = typeof orders.$inferSelect;
export type PaymentRow = typeof payments.$inferSelect & { provider: string };
export type RefundRow = typeof refunds.$inferSelect;
export type DisputeRow = typeof disputes.$inferSelect;

/** An order with its parts as read; decisions on it are committed under its version. */
export type OrderRead = {
  order: OrderRow;
  /** Oldest first; an order has at least one. */
  payments: PaymentRow[];
  refunds: RefundRow[];
  disputes: DisputeRow[];
  shard: number;
};

const columns = {
  order: orders,
  payment: payments,
  provider: providerAccounts.provider,
  shard: merchants.shard,
};

const byOrder = preparedOnce('read_order', (db, name) =>
  db
    .select(columns)
    .from(payments)
    .innerJoin(orders, eq(orders.id, payments.orderId))
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .innerJoin(merchants, eq(merchants.id, orders.merchantId))
    .where(eq(orders.id, sql.placeholder('orderId')))
    .orderBy(asc(payments.id))
    .prepare(name),
);

const target = alias(payments, 'target');

const byNotification = preparedOnce('read_notification', (db, name) =>
  db
    .select({ ...columns, notification: providerNotifications })
    .from(providerNotifications)
    .innerJoin(target, eq(target.id, providerNotifications.paymentId))
    .innerJoin(payments, eq(payments.orderId, target.orderId))
    .innerJoin(orders, eq(orders.id, payments.orderId))
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .innerJoin(merchants, eq(merchants.id, orders.merchantId))
    .where(eq(providerNotifications.id, sql.placeholder('id')))
    .orderBy(asc(payments.id))
    .prepare(name),
);

/** Reads a complete order by an id from our own rows. Throws if it does not exist. */
export async function readOrder(db: Database, input: { orderId: OrderId }): Promise<OrderRead> {
  const rows = await byOrder(db).execute(input);
  if (rows.length === 0) throw new Error(`order ${input.orderId} has no payment`);
  return assemble(db, rows);
}

export type NotificationRead = OrderRead & {
  notification: typeof providerNotifications.$inferSelect;
  /** The payment that it is for. */
  payment: PaymentRow;
};

/** Reads a notification with its order, by an id from our own rows. Throws if it does not exist. */
export async function readNotification(
  db: Database,
  input: { id: NotificationId },
): Promise<NotificationRead> {
  const rows = await byNotification(db).execute(input);
  const notification = rows[0]?.notification;
  if (!notification) throw new Error(`notification ${input.id} has no payment`);
  const read = await assemble(db, rows);
  return { ...read, notification, payment: paymentOf(read, notification.paymentId) };
}

/** One payment of a read order. Throws if there is none. */
export function paymentOf(read: OrderRead, paymentId: PaymentId | null): PaymentRow {
  const payment = read.payments.find(({ id }) => id === paymentId);
  if (!payment) throw new Error(`order ${read.order.id} has no payment ${paymentId}`);
  return payment;
}

/**
 * The current attempt: the one with the money, else the latest open one, else the latest. Ids alone do not show which
 * is the latest, because clocks of machines differ.
 */
export function currentPayment({ payments }: Pick<OrderRead, 'payments'>): PaymentRow {
  const paid = payments.find(({ status, surplus }) => status === 'succeeded' && !surplus);
  return paid ?? payments.findLast(({ status }) => isOpen(status)) ?? payments.at(-1)!;
}

/** One refund of a read order. Throws if there is none. */
export function refundOf(read: OrderRead, refundId: RefundId): RefundRow {
  const refund = read.refunds.find(({ id }) => id === refundId);
  if (!refund) throw new Error(`order ${read.order.id} has no refund ${refundId}`);
  return refund;
}

type Row = {
  order: OrderRow;
  payment: typeof payments.$inferSelect;
  provider: string;
  shard: number;
};

async function assemble(db: Database, rows: readonly Row[]): Promise<OrderRead> {
  const { order, shard } = rows[0]!;
  const own = rows.map(({ payment, provider }) => ({ ...payment, provider }));
  // Only paid orders can have refunds or disputes, so others skip the query.
  const wasPaid = own.some(({ status }) => status === 'succeeded') || order.reviewReason !== null;
  const [refunded, disputed] = await readAfterPaid(db, wasPaid ? [order.id] : []);
  return { order, payments: own, refunds: refunded, disputes: disputed, shard };
}
