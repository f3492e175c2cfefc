import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providerNotifications } from '../../db/schema/index.ts';
import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { createProvider } from '../../providers/create-provider.ts';
import { findProviderAccount } from '../../db/queries/provider-accounts.ts';
import { createSealer } from '../../db/sealed.ts';
import {
  newOrder,
  openOrder,
  orderBecomes,
  payAtProvider,
  tellProvider,
} from '../support/orders.ts';
import type { OrderBody, RefundBody } from '../support/orders.ts';
import { scanAtProvider, scriptFaults, tradeOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

/*
 * The failures a payment platform has to survive, one test a row and provider (docs/explanation/failure-table.md
 * has the table). All of it over the real API, database, Temporal and signing simulators.
 */

let world: World;
beforeAll(async () => {
  world = await openWorld({ retryGapsMs: Array.from({ length: 60 }, () => 250) });
});
afterAll(() => world.close());

const methods: Record<ProviderName, string> = {
  alipay: 'alipay.qr',
  'wechat-pay': 'wechat-pay.native',
  stripe: 'stripe.payment_intent',
};

const read = async ({ api }: TestMerchant, { id }: { id: string }) =>
  (await api<OrderBody>('GET', `/v1/orders/${id}`)).body;

const eventsOf = async ({ id }: { id: string }): Promise<string[]> => {
  const { rows } = await world.db.$client.query<{ type: string }>(
    'select type from events where resource_id = $1 order by seq',
    [id],
  );
  return rows.map(({ type }) => type);
};

const inboxOf = ({ id }: { id: string }) =>
  world.db
    .select()
    .from(providerNotifications)
    .where(eq(providerNotifications.orderId, id as `ord_${string}`));

/** Opens an order whose number is known before its provider hears of it, so that faults can wait for it. */
async function openWith(
  merchant: TestMerchant,
  provider: ProviderName,
  faults: Parameters<typeof scriptFaults>[2],
): Promise<OrderBody> {
  const { call } = await world.simulator(provider);
  const account = merchant.accounts[0]!.account;
  for (const fault of faults) {
    const { status, text } = await call('POST', '/faults', { body: { ...fault, account } });
    if (status >= 300) throw new Error(`the simulator answered ${status}: ${text}`);
  }
  const { body } = await merchant.api<OrderBody>('POST', '/v1/orders', {
    body: newOrder({ methods: [methods[provider]] }),
    headers: { prefer: 'respond-async' },
  });
  return body;
}

const isPayable = (merchant: TestMerchant, order: { id: string }) =>
  until('the order is payable', async () => {
    const found = await read(merchant, order);
    return found.nextAction ? found : undefined;
  });

const inBook = (merchant: TestMerchant, order: OrderBody) =>
  until('it stands in the book', () => tradeOf(world, merchant, order.payments[0]!));

describe.concurrent.each<ProviderName>(['alipay', 'wechat-pay', 'stripe'])('%s', (provider) => {
  const fresh = () => world.newMerchant([provider]);
  const opened = (merchant: TestMerchant, fields: object = {}) =>
    openOrder(merchant, { methods: [methods[provider]], ...fields });
  const trade = (merchant: TestMerchant, order: OrderBody) =>
    tradeOf(world, merchant, order.payments[0]!);
  const refundAll = (merchant: TestMerchant, order: OrderBody, body: object = {}) =>
    merchant.api<RefundBody>('POST', `/v1/orders/${order.id}/refunds`, {
      body: { merchantRefundNo: `F-${order.id}`, ...body },
      headers: { prefer: 'wait=30' },
    });

  test('lost notification: the timer asks, and finds the payment', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'notify', kind: 'lostForever', times: 9 }],
      provider,
    );
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    expect(await inboxOf(order)).toEqual([]);
  });

  test('duplicate: one event, one row in the inbox for each id', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'notify', kind: 'duplicate', times: 5 }],
      provider,
    );
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    const { call } = await world.simulator(provider);
    await call('POST', `/notifications/${order.payments[0]!.outTradeNo}/resend`, { body: {} });
    const ids = (await inboxOf(order)).map((one) => one.providerNotificationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await eventsOf(order)).toEqual(['order.created', 'order.paid']);
  });

  test('notification before the create call returned: it waits, and pays the order', async () => {
    const merchant = await fresh();
    const order = await openWith(merchant, provider, [
      { call: 'create', kind: 'delay', delayMs: 2_000, times: 1 },
    ]);
    const booked = await inBook(merchant, order);
    // The payer was quicker than the answer to our call.
    if (provider === 'alipay') await scanAtProvider(await qrOf(booked.details['code']));
    await payAtProvider(world, merchant, order);
    const paid = await orderBecomes(merchant, order, 'paid');
    expect(paid.payments).toHaveLength(1);
  });

  test('authentic notification for an unknown order: kept, and no money moves here', async () => {
    const merchant = await fresh();
    const { accountId, account } = merchant.accounts[0]!;
    const sealer = createSealer(world.config.secretKeys);
    const words = await findProviderAccount({ db: world.db, sealer }, { accountId });
    const client = await createProvider(words!);
    const outTradeNo = outTradeNoOf(newId('payment'));
    await client.createPayment({
      outTradeNo,
      method: methods[provider],
      amountMinor: 700,
      currency: 'CNY',
      subject: 'Not ours',
      capture: 'automatic',
      payer: {},
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
      notifyUrl: `${world.url}/providers/${accountId}/notifications`,
      returnUrl: 'https://shop.example/',
    });
    const { call } = await world.simulator(provider);
    await call('POST', `/payments/${outTradeNo}/pay`, { body: { account } });
    const kept = await until('it is kept', async () => {
      const rows = await world.db
        .select()
        .from(providerNotifications)
        .where(eq(providerNotifications.accountId, accountId));
      return rows.length > 0 && rows;
    });
    expect(new Set(kept.map(({ outcome }) => outcome))).toEqual(new Set(['unmatched']));
    const { body } = await merchant.api<{ data: object[] }>('GET', '/v1/balances');
    expect(body.data).toEqual([]);
  });

  test('payment after the close: the truth is recorded, then given back', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    await orderBecomes(merchant, order, 'closed');
    await payAtProvider(world, merchant, order, { force: true });
    const late = await until('it is back', async () => {
      const found = await read(merchant, order);
      return found.refunds[0]?.status === 'succeeded' ? found : undefined;
    });
    expect(late).toMatchObject({ status: 'closed', payments: [{ surplus: 'late' }] });
  });

  test('close races payment: it ends as the provider’s book says, and paid wins', async () => {
    const merchant = await fresh();
    for (let round = 0; round < 4; round++) {
      const order = await opened(merchant);
      if (provider === 'alipay') await scanAtProvider(order);
      await Promise.all([
        merchant.api('POST', `/v1/orders/${order.id}/cancel`),
        payAtProvider(world, merchant, order).catch(() => {}),
      ]);
      const booked = await trade(merchant, order);
      const end = await orderBecomes(
        merchant,
        order,
        booked?.status === 'paid' ? 'paid' : 'closed',
      );
      expect(end.payments).toHaveLength(1);
    }
  });

  test('create timed out: the same number again, and one payment in the book', async () => {
    const merchant = await fresh();
    const order = await openWith(merchant, provider, [
      { call: 'create', kind: 'timeoutBefore', times: 1 },
      { call: 'create', kind: 'executedThenTimeout', times: 1 },
    ]);
    const payable = await isPayable(merchant, order);
    expect(payable.payments).toMatchObject([{ outTradeNo: order.payments[0]!.outTradeNo }]);
    await payAtProvider(world, merchant, payable);
    await orderBecomes(merchant, order, 'paid');
    expect(await trade(merchant, order)).toMatchObject({ captures: 1 });
  });

  test('refund timed out: asked about by its number, and made once', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'refund', kind: 'executedThenTimeout', times: 1 }],
      provider,
    );
    await refundAll(merchant, order);
    await orderBecomes(merchant, order, 'refunded');
    const booked = await trade(merchant, order);
    expect(booked?.refunds.map(({ executions }) => executions)).toEqual([1]);
  });

  // Alipay's refunds are done when they are accepted; the other two can bounce.
  test.runIf(provider !== 'alipay')(
    'refund fails after it was accepted: its amount is free again, and somebody is called',
    async () => {
      const merchant = await fresh();
      const order = await opened(merchant);
      await payAtProvider(world, merchant, order);
      await orderBecomes(merchant, order, 'paid');
      await scriptFaults(
        world,
        order.payments[0]!,
        [{ call: 'refund', kind: 'bounce', times: 1 }],
        provider,
      );
      await refundAll(merchant, order, { merchantRefundNo: `B-${order.id}` });
      await until('it bounced', async () => {
        const { refunds } = await read(merchant, order);
        return refunds[0]?.status === 'needs_attention' || undefined;
      });
      expect(await eventsOf(order)).toContain('refund.needs_attention');
      expect((await refundAll(merchant, order)).body).toMatchObject({ amountMinor: 1250 });
      await orderBecomes(merchant, order, 'refunded');
    },
  );

  test('news of a partial refund: routed to the refund, never a second payment', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    await refundAll(merchant, order, { amountMinor: 300 });
    const after = await orderBecomes(merchant, order, 'partially_refunded');
    expect(after).toMatchObject({ capturedMinor: 1250, refundedMinor: 300, reviewReason: null });
    expect(after.payments).toHaveLength(1);
    expect((await eventsOf(order)).filter((type) => type === 'order.paid')).toHaveLength(1);
  });

  test('another amount: not settled, and in review', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await payAtProvider(world, merchant, order, { paidMinor: 1_249 });
    const inReview = await orderBecomes(merchant, order, 'review');
    expect(inReview).toMatchObject({ reviewReason: 'amount_mismatch', capturedMinor: 0 });
  });

  test.each(['wrongApp', 'wrongSeller'] as const)(
    '%s, as when sandbox and live are mixed: not settled by it',
    async (kind) => {
      const merchant = await fresh();
      const order = await opened(merchant);
      await scriptFaults(world, order.payments[0]!, [{ call: 'notify', kind, times: 1 }], provider);
      await payAtProvider(world, merchant, order);
      await until('it was heard', async () => {
        const booked = await trade(merchant, order);
        return booked?.notifications.some(({ attempts }) => attempts.length > 0) || undefined;
      });
      const applied = (await inboxOf(order)).filter(({ binding }) => binding.appId === 'other');
      expect(applied).toEqual([]);
      // The provider itself is asked in the end, and heals what the mixed-up word could not.
      await orderBecomes(merchant, order, 'paid');
    },
  );

  test('forged: refused, and nothing changes', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await scriptFaults(
      world,
      order.payments[0]!,
      [
        { call: 'notify', kind: 'forged', times: 1 },
        { call: 'notify', kind: 'lostForever', times: 9 },
      ],
      provider,
    );
    await payAtProvider(world, merchant, order);
    await until('it was refused', async () => {
      const booked = await trade(merchant, order);
      const attempts = booked?.notifications.flatMap((one) => one.attempts) ?? [];
      return attempts.some(({ outcome }) => outcome === 'refused') || undefined;
    });
    expect(await inboxOf(order)).toEqual([]);
    await orderBecomes(merchant, order, 'paid');
  });

  test('replayed: changes nothing', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'notify', kind: 'replayed', delayMs: 50, times: 1 }],
      provider,
    );
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    await refundAll(merchant, order);
    const refunded = await orderBecomes(merchant, order, 'refunded');
    expect(refunded.payments).toHaveLength(1);
    expect((await eventsOf(order)).filter((type) => type === 'order.paid')).toHaveLength(1);
  });

  test('out of order: the later word first, and the end is the same', async () => {
    const merchant = await fresh();
    const order = await opened(merchant);
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'notify', kind: 'reordered', delayMs: 1_500, times: 1 }],
      provider,
    );
    await payAtProvider(world, merchant, order);
    await tellProvider(world, merchant, order, 'refund', { amountMinor: 200 });
    const after = await orderBecomes(merchant, order, 'partially_refunded');
    expect(after).toMatchObject({ capturedMinor: 1250, refundedMinor: 200 });
  });

  test.runIf(provider !== 'alipay')(
    'key rotation: what is signed with the new key is believed at once',
    async () => {
      const merchant = await fresh();
      const { call } = await world.simulator(provider);
      const account = merchant.accounts[0]!.account;
      const to = provider === 'wechat-pay' ? { to: 'newCertificate' } : { account };
      const { status, text } = await call('POST', '/rotate', { body: to });
      expect({ status: status < 300, text }).toMatchObject({ status: true });
      const order = await opened(merchant);
      await payAtProvider(world, merchant, order);
      await orderBecomes(merchant, order, 'paid');
      expect((await inboxOf(order)).length).toBeGreaterThan(0);
    },
  );
});

async function qrOf(code: string | undefined) {
  const { url } = await world.simulator('alipay');
  return { nextAction: { content: `${url}/qr/${code}` } };
}
