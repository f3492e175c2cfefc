import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findOrder } from '../../db/queries/find-order.ts';
import { orders } from '../../db/schema/index.ts';
import type { OrderId } from '../../domain/ids.ts';
import { openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { RefundBody } from '../support/orders.ts';
import { openWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world.close());

test('an order is never shown with a refund that is in no sum of it', async () => {
  const merchant = await world.newMerchant(['alipay']);
  const order = await openOrder(merchant, { methods: ['alipay.qr'] });
  await payAtProvider(world, merchant, order);
  await orderBecomes(merchant, order, 'paid');
  const { body } = await merchant.api<RefundBody>('POST', `/v1/orders/${order.id}/refunds`, {
    body: { merchantRefundNo: `view-${order.id}`, amountMinor: 100 },
    headers: { prefer: 'wait=20' },
  });
  expect(body.status).toBe('succeeded');
  const key = { orderId: order.id as OrderId, merchantId: merchant.merchantId };
  // Readers and writers at once: each writer changes a refund and the sum together.
  const views = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      if (i % 4 === 0) {
        await world.db.transaction(async (tx) => {
          const amountMinor = 100 + i;
          await tx.execute(
            sql`update refunds set amount_minor = ${amountMinor} where order_id = ${order.id}`,
          );
          await tx
            .update(orders)
            .set({ refundedMinor: amountMinor, version: sql`${orders.version} + 1` })
            .where(eq(orders.id, key.orderId));
        });
        return undefined;
      }
      return findOrder(world.db, key);
    }),
  );
  for (const view of views) {
    if (!view) continue;
    const given = view.snapshot.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    expect(view.snapshot.refundedMinor).toBe(given);
  }
});
