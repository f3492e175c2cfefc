import { and, eq } from 'drizzle-orm';
import type { OrderChange } from '../../domain/order.ts';
import { snapshotOf } from '../../domain/order-snapshot.ts';
import type { PaymentFacts } from '../../domain/order-snapshot.ts';
import { orders } from '../schema/orders.ts';
import type { Transaction } from '../transaction.ts';
import { appendEvent } from './append-event.ts';

type Change = Exclude<OrderChange, { kind: 'none' }>;

/**
 * Carries out a decision on an order, with its event, in the caller's transaction. The update is
 * conditional on the version that was decided on; throws when the row is another by now, which a
 * caller that holds the row's lock never sees.
 */
export async function changeOrder(
  tx: Transaction,
  input: {
    order: typeof orders.$inferSelect;
    shard: number;
    payment: PaymentFacts;
    change: Change;
    at: Date;
    failureCode?: string;
  },
): Promise<void> {
  const { order, change, at } = input;
  const [changed] = await tx
    .update(orders)
    .set({
      status: change.status,
      version: order.version + 1,
      updatedAt: at,
      ...(change.kind === 'paid' && { paidAt: input.payment.settledAt ?? at, reviewReason: null }),
      ...(change.kind === 'closed' && { closedAt: at, closeReason: change.closeReason }),
      ...(change.kind === 'failed' && { closedAt: at, failureCode: input.failureCode ?? null }),
      ...(change.kind === 'review' && { reviewReason: change.reviewReason }),
    })
    .where(and(eq(orders.id, order.id), eq(orders.version, order.version)))
    .returning();
  if (!changed) throw new Error(`order ${order.id} is no longer at version ${order.version}`);
  await appendEvent(tx, {
    merchantId: order.merchantId,
    shard: input.shard,
    type: change.event,
    resourceId: order.id,
    data: snapshotOf(changed, [input.payment]),
  });
}
