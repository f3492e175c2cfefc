import { eq } from 'drizzle-orm';
import type { OrderId } from '../../domain/ids.ts';
import { merchants } from '../schema/merchants.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';
import type { Transaction } from '../transaction.ts';

/** An order with its payment, both rows locked until the transaction ends. */
export async function lockPayment(tx: Transaction, { orderId }: { orderId: OrderId }) {
  const [row] = await tx
    .select({
      order: orders,
      payment: payments,
      provider: providerAccounts.provider,
      shard: merchants.shard,
    })
    .from(payments)
    .innerJoin(orders, eq(orders.id, payments.orderId))
    .innerJoin(providerAccounts, eq(providerAccounts.id, payments.accountId))
    .innerJoin(merchants, eq(merchants.id, orders.merchantId))
    .where(eq(payments.orderId, orderId))
    .for('update', { of: [orders, payments] });
  if (!row) throw new Error(`order ${orderId} has no payment`);
  return row;
}

export type LockedPayment = Awaited<ReturnType<typeof lockPayment>>;
