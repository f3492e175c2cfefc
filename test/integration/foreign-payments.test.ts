import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providerNotifications } from '../../db/schema/provider-notifications.ts';
import { keptLog } from '../support/log-lines.ts';
import { openOrder, orderBecomes, payAtProvider, tellProvider } from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { bookOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// Stripe's metadata is anybody's to write: what we opened is what may pay, whatever carries our number.

const { logger, lines } = keptLog();
let world: World;
let merchant: TestMerchant;

beforeAll(async () => {
  world = await openWorld({ logger });
  merchant = await world.newMerchant(['stripe']);
});

afterAll(() => world.close());

/** Another PaymentIntent with the metadata of the order's, as somebody makes it who takes a payment by hand. */
async function copyOf(order: OrderBody): Promise<string> {
  const { account } = merchant.accounts[0]!;
  const { call } = await world.simulator('stripe');
  const path = `/payments/${order.payments.at(-1)!.outTradeNo}/copy`;
  const { body } = await call('POST', path, { body: { account } });
  return (body as { providerTradeNo: string }).providerTradeNo;
}

const tell = (outTradeNo: string, verb: string, body = {}) =>
  tellProvider(world, merchant, { payments: [{ outTradeNo, provider: 'stripe' }] }, verb, body);

const outcomesOf = async ({ id }: OrderBody) => {
  const rows = await world.db
    .select({ outcome: providerNotifications.outcome })
    .from(providerNotifications)
    .where(eq(providerNotifications.orderId, id as never));
  return rows.map(({ outcome }) => outcome);
};

const foreignOf = (order: OrderBody) =>
  until('the copy is known as somebody else’s', async () =>
    (await outcomesOf(order)).includes('foreign'),
  );

const read = async ({ id }: OrderBody) =>
  (await merchant.api<OrderBody>('GET', `/v1/orders/${id}`)).body;

const booked = async (order: OrderBody) => {
  const { rows } = await world.db.$client.query<{ minor: string }>(
    `select coalesce(sum(amount_minor), 0) as minor from ledger_entries
     where order_id = $1 and book = 'provider'`,
    [order.id],
  );
  return Number(rows[0]?.minor);
};

describe.each(['stripe.payment_intent', 'stripe.checkout'])(
  'an order to be paid by %s',
  (method) => {
    const open = () => openOrder(merchant, { methods: [method], currency: 'EUR' });

    test('is not paid by a copy, and then by its own payment', async () => {
      const order = await open();
      const copy = await copyOf(order);
      await tell(copy, 'pay');
      await foreignOf(order);
      expect(await read(order)).toMatchObject({ status: 'pending', version: order.version });
      expect(lines.some(({ msg }) => msg.includes('was not opened by us'))).toBe(true);
      await payAtProvider(world, merchant, order);
      const paid = await orderBecomes(merchant, order, 'paid');
      const trades = await bookOf(world, merchant);
      const own = trades.find(({ outTradeNo }) => outTradeNo === order.payments[0]!.outTradeNo);
      expect(paid.payments).toMatchObject([
        { providerTradeNo: own?.providerTradeNo, surplus: null },
      ]);
      expect(await booked(order)).toBe(order.amountMinor);
    });

    test('is not taken for a copy where another amount is paid for it', async () => {
      const order = await open();
      await payAtProvider(world, merchant, order, { paidMinor: order.amountMinor - 1 });
      await orderBecomes(merchant, order, 'review');
      await until('all the news is dealt with', async () => {
        const outcomes = await outcomesOf(order);
        return outcomes.length > 0 && !outcomes.includes(null);
      });
      expect(await outcomesOf(order)).not.toContain('foreign');
    });

    test('that is paid stays as it is when a copy is paid, given back and disputed', async () => {
      const order = await open();
      await payAtProvider(world, merchant, order);
      const paid = await orderBecomes(merchant, order, 'paid');
      const copy = await copyOf(order);
      await tell(copy, 'pay');
      await tell(copy, 'refund', { amountMinor: 100 });
      await tell(copy, 'dispute');
      await until('all the news is dealt with', async () => {
        const outcomes = await outcomesOf(order);
        // Succeeded, refund made and settled, a dispute.
        return (
          outcomes.filter((outcome) => outcome === 'foreign').length >= 4 &&
          !outcomes.includes(null)
        );
      });
      expect(await read(order)).toEqual(paid);
    });
  },
);

test('a copy that is paid before the answer to our own opening is known pays nothing', async () => {
  const order = await openOrder(merchant, { methods: ['stripe.payment_intent'], currency: 'EUR' });
  await world.db.$client.query(
    `update payments set provider_ref = null, status = 'created' where order_id = $1`,
    [order.id],
  );
  const copy = await copyOf(order);
  await tell(copy, 'pay');
  await until('the news of it came', async () => (await outcomesOf(order)).length > 0);
  expect((await read(order)).status).toBe('pending');
  await payAtProvider(world, merchant, order);
  await orderBecomes(merchant, order, 'paid');
  expect(await booked(order)).toBe(order.amountMinor);
  await foreignOf(order);
});
