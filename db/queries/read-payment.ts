import { eq, sql } from 'drizzle-orm';
import type { NotificationId, OrderId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { preparedOnce } from '../prepared.ts';
import { merchants } from '../schema/merchants.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';

const columns = {
  order: orders,
  payment: payments,
  provider: providerAccounts.provider,
  shard: merchants.shard,
};

const byOrder = preparedOnce('read_payment', (db, name) =>
  db
    .select(columns)
    .from(payments)
    .innerJoin(orders, eq(orders.id, payments.orderId))
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .innerJoin(merchants, eq(merchants.id, orders.merchantId))
    .where(eq(orders.id, sql.placeholder('orderId')))
    .prepare(name),
);

const byNotification = preparedOnce('read_notification', (db, name) =>
  db
    .select({ ...columns, notification: providerNotifications })
    .from(providerNotifications)
    .innerJoin(payments, eq(payments.id, providerNotifications.paymentId))
    .innerJoin(orders, eq(orders.id, payments.orderId))
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .innerJoin(merchants, eq(merchants.id, orders.merchantId))
    .where(eq(providerNotifications.id, sql.placeholder('id')))
    .prepare(name),
);

/** An order with its payment, as read: what is decided on it is committed under its version. */
export async function readPayment(db: Database, input: { orderId: OrderId }) {
  const [row] = await byOrder(db).execute(input);
  if (!row) throw new Error(`order ${input.orderId} has no payment`);
  return row;
}

export type PaymentRead = Awaited<ReturnType<typeof readPayment>>;

/** A notification from the inbox with the payment it is for. Throws when there is none: ids come from our own insert. */
export async function readNotification(db: Database, input: { id: NotificationId }) {
  const [row] = await byNotification(db).execute(input);
  if (!row) throw new Error(`notification ${input.id} is for no payment`);
  return row;
}
