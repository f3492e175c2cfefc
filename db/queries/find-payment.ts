import { eq } from 'drizzle-orm';
import type { OrderId } from '../../domain/ids.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';
import type { Database } from '../database.ts';
import { orders, payments } from '../schema/orders.ts';

/** The payment of an order with what a provider needs to know about it. */
export async function findPayment(db: Database, { orderId }: { orderId: OrderId }) {
  const [row] = await db
    .select({ payment: payments, order: orders, provider: providerAccounts.provider })
    .from(payments)
    .innerJoin(orders, eq(orders.id, payments.orderId))
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .where(eq(payments.orderId, orderId));
  if (!row) throw new Error(`order ${orderId} has no payment`);
  return row;
}
