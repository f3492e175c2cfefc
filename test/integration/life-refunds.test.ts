import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { providerNotifications } from '../../db/schema/provider-notifications.ts';
import { newId } from '../../domain/ids.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { dateIn } from '../../domain/reconciliation.ts';
import { reconcile } from '../reconciliation/reconcile.ts';
import {
  newOrder,
  openOrder,
  orderBecomes,
  payAtProvider,
  tellProvider,
} from '../support/orders.ts';
import type { OrderBody, RefundBody } from '../support/orders.ts';
import { bookOf, scriptFaults, tradeOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld({ retryGapsMs: Array.from({ length: 40 }, () => 300) });
});

afterAll(() => world.close());

const providers: [ProviderName, string][] = [
  ['alipay', 'alipay.qr'],
  ['wechat-pay', 'wechat-pay.native'],
  ['stripe', 'stripe.payment_intent'],
];

async function paidOrder(merchant: TestMerchant, method: string): Promise<OrderBody> {
  const order = await openOrder(merchant, { methods: [method] });
  await payAtProvider(world, merchant, order);
  return orderBecomes(merchant, order, 'paid');
}

let numbers = 0;

async function refund({ api }: TestMerchant, { id }: { id: string }, body: object = {}) {
  numbers += 1;
  return api<RefundBody & { refundableMinor: number }>('POST', `/v1/orders/${id}/refunds`, {
    body: { merchantRefundNo: `R-${process.pid}-${numbers}`, ...body },
    headers: { prefer: 'wait=20' },
  });
}

describe.each(providers)('refunds at %s', (provider, method) => {
  test('part of a payment is given back, then the rest, and no more', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    const first = await refund(merchant, order, { amountMinor: 400 });
    expect(first).toMatchObject({ status: 201, body: { status: 'succeeded', amountMinor: 400 } });
    expect(await orderBecomes(merchant, order, 'partially_refunded')).toMatchObject({
      capturedMinor: 1250,
      refundedMinor: 400,
    });
    const rest = await refund(merchant, order);
    expect(rest.body).toMatchObject({ status: 'succeeded', amountMinor: 850 });
    expect(await orderBecomes(merchant, order, 'refunded')).toMatchObject({ refundedMinor: 1250 });
    const more = await refund(merchant, order, { amountMinor: 1 });
    expect(more).toMatchObject({ status: 409, body: { refundableMinor: 0 } });
    const trade = await tradeOf(world, merchant, order.payments[0]!);
    expect(trade).toMatchObject({ captures: 1, capturedMinor: 1250 });
    expect(trade?.refunds.map(({ executions }) => executions)).toEqual([1, 1]);
    const { body } = await merchant.api<{ data: object[] }>('GET', '/v1/balances');
    expect(body.data).toMatchObject([
      { provider, providerMinor: 0, merchantMinor: 0, refundsMinor: 0, disputesMinor: 0 },
    ]);
  });

  test('of fifty refunds at once no more succeed than was taken, and the book agrees', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => refund(merchant, order, { amountMinor: 100 })),
    );
    const taken = answers.filter(({ status }) => status === 201);
    expect(taken).toHaveLength(12);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(38);
    await until('all have succeeded', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.refunds.every(({ status }) => status === 'succeeded') || undefined;
    });
    const trade = await tradeOf(world, merchant, order.payments[0]!);
    expect(trade?.refunds).toHaveLength(12);
    const given = trade?.refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
    expect(given).toBe(1_200);
    expect(trade?.refunds.every(({ executions }) => executions === 1)).toBe(true);
  });

  test('the same number asks for the same refund, and never for another', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    const body = { merchantRefundNo: `same-${order.id}`, amountMinor: 300 };
    const [one, two] = await Promise.all([
      refund(merchant, order, body),
      refund(merchant, order, body),
    ]);
    expect(new Set([one.status, two.status])).toEqual(new Set([200, 201]));
    expect(one.body.id).toBe(two.body.id);
    const other = await refund(merchant, order, { ...body, amountMinor: 301 });
    expect(other.status).toBe(409);
    expect(other.text).toContain('refund-number-taken');
    const trade = await tradeOf(world, merchant, order.payments[0]!);
    expect(trade?.refunds).toHaveLength(1);
  });

  test('a refund whose answer was lost is made once', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    const faults = [
      { call: 'refund', kind: 'timeoutBefore', times: 1 },
      { call: 'refund', kind: 'executedThenTimeout', times: 1 },
    ] as const;
    await scriptFaults(world, order.payments[0]!, [...faults], provider);
    const answer = await refund(merchant, order);
    expect(answer.status).toBe(201);
    await orderBecomes(merchant, order, 'refunded');
    const trade = await tradeOf(world, merchant, order.payments[0]!);
    expect(trade?.refunds.map(({ executions }) => executions)).toEqual([1]);
  });

  test('a refund made in the provider’s own portal is picked up', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    await tellProvider(world, merchant, order, 'refund', { amountMinor: 250 });
    const refunded = await orderBecomes(merchant, order, 'partially_refunded');
    expect(refunded.refunds).toMatchObject([
      { cause: 'at_provider', status: 'succeeded', amountMinor: 250 },
    ]);
    const tooMuch = await refund(merchant, order, { amountMinor: 1_001 });
    expect(tooMuch).toMatchObject({ status: 409, body: { refundableMinor: 1_000 } });
  });

  test('money that arrives after the order was closed is given back', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await openOrder(merchant, { methods: [method] });
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    await orderBecomes(merchant, order, 'closed');
    await payAtProvider(world, merchant, order, { force: true });
    const late = await until('the late money is back', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.refunds[0]?.status === 'succeeded' ? body : undefined;
    });
    expect(late).toMatchObject({
      status: 'closed',
      capturedMinor: 0,
      payments: [{ status: 'succeeded', surplus: 'late', capturedMinor: 1250 }],
      refunds: [{ cause: 'late_payment', amountMinor: 1250 }],
    });
  });

  test('late money is accepted where the order says so', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await openOrder(merchant, { methods: [method], latePayment: 'accept' });
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    await orderBecomes(merchant, order, 'closed');
    await payAtProvider(world, merchant, order, { force: true });
    expect(await orderBecomes(merchant, order, 'paid')).toMatchObject({
      closeReason: null,
      refunds: [],
      capturedMinor: 1250,
    });
  });
});

describe('a trade that Alipay says is closed, and yet was paid', () => {
  const lost = { call: 'notify', kind: 'lostForever' } as const;

  /** Paid, and given back in Alipay's portal, before Alipay said anything of it. */
  async function paidAndGivenBack(fields: Record<string, unknown> = {}) {
    const merchant = await world.newMerchant(['alipay']);
    const order = await openOrder(merchant, { methods: ['alipay.qr'], ...fields });
    const { outTradeNo } = order.payments[0]!;
    await scriptFaults(world, { outTradeNo }, [
      { ...lost, times: 1 },
      { ...lost, times: 1 },
    ]);
    await payAtProvider(world, merchant, order);
    await tellProvider(world, merchant, order, 'refund', { amountMinor: 1_250 });
    return { merchant, order };
  }

  async function booksOf({ api }: TestMerchant) {
    const { body } = await api<{ data: object[] }>('GET', '/v1/balances');
    return body.data;
  }

  const nothing = { providerMinor: 0, merchantMinor: 0, refundsMinor: 0, disputesMinor: 0 };

  test('is paid and refunded, also in the books', async () => {
    const { merchant, order } = await paidAndGivenBack();
    const refunded = await orderBecomes(merchant, order, 'refunded');
    expect(refunded).toMatchObject({
      capturedMinor: 1_250,
      refundedMinor: 1_250,
      closeReason: null,
      payments: [{ status: 'succeeded', capturedMinor: 1_250 }],
      refunds: [{ cause: 'at_provider', status: 'succeeded', amountMinor: 1_250 }],
    });
    expect(await booksOf(merchant)).toMatchObject([nothing]);
  });

  test('is not made unpaid, or paid twice, by what is told later', async () => {
    const { merchant, order } = await paidAndGivenBack();
    const refunded = await orderBecomes(merchant, order, 'refunded');
    // Both notifications, as they were signed when the money moved: TRADE_SUCCESS is one of them.
    const { call } = await world.simulator('alipay');
    const { outTradeNo } = order.payments[0]!;
    const account = merchant.accounts[0]?.account;
    await call('POST', `/notifications/${outTradeNo}/resend`, { body: { account } });
    await until('the news is looked at', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.refunds[0]?.refundNo !== refunded.refunds[0]?.refundNo ? body : undefined;
    });
    const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
    expect(body).toMatchObject({
      status: 'refunded',
      reviewReason: null,
      refundedMinor: 1_250,
      refunds: [{ cause: 'at_provider', status: 'succeeded', amountMinor: 1_250 }],
    });
    expect(await booksOf(merchant)).toMatchObject([nothing]);
  });

  test('by two refunds at the provider is in the books of each', async () => {
    const merchant = await world.newMerchant(['alipay']);
    const order = await openOrder(merchant, { methods: ['alipay.qr'] });
    const { outTradeNo } = order.payments[0]!;
    await scriptFaults(world, { outTradeNo }, [{ ...lost, times: 9 }]);
    await payAtProvider(world, merchant, order);
    await tellProvider(world, merchant, order, 'refund', { amountMinor: 500 });
    await tellProvider(world, merchant, order, 'refund', { amountMinor: 750 });
    await orderBecomes(merchant, order, 'refunded', 90_000);
    const { accountId } = merchant.accounts[0]!;
    const date = dateIn('Asia/Shanghai', Date.now());
    await reconcile(merchant.api, { accountId, date });
    const ended = await reconcile(merchant.api, { accountId, date });
    expect(ended.counts).toMatchObject({ entries: 3, differences: 0 });
    const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
    expect(body.refunds.map(({ amountMinor }) => amountMinor).toSorted((a, b) => a - b)).toEqual([
      500, 750,
    ]);
    const told = await merchant.api<{ data: { data: { about: string } }[] }>(
      'GET',
      `/v1/events?types=refund.succeeded&resourceId=${order.id}`,
    );
    expect(new Set(told.body.data.map(({ data }) => data.about))).toEqual(
      new Set(body.refunds.map(({ id }) => id)),
    );
    expect(await booksOf(merchant)).toMatchObject([nothing]);
  });

  test('after its payment was told, and no news of the refund, has gone back in our books too', async () => {
    const merchant = await world.newMerchant(['alipay']);
    const order = await paidOrder(merchant, 'alipay.qr');
    const { outTradeNo } = order.payments[0]!;
    await scriptFaults(world, { outTradeNo }, [{ ...lost, times: 1 }]);
    await tellProvider(world, merchant, order, 'refund', { amountMinor: 1_250 });
    // As Alipay would tell of it without its refund's number: closed, with a time of payment.
    const [row] = await world.db
      .select()
      .from(providerNotifications)
      .where(eq(providerNotifications.orderId, order.id as OrderId));
    const report = { status: 'succeeded', paidMinor: 1_250, currency: 'CNY', isGivenBack: true };
    const told = {
      ...row!,
      id: newId('notification'),
      providerNotificationId: `closed-${order.id}`,
      appliedAt: null,
      outcome: null,
      news: {
        kind: 'payment' as const,
        report: { ...report, providerTradeNo: order.payments[0]!.outTradeNo } as never,
      },
    };
    await world.db.insert(providerNotifications).values(told);
    // The recovery job finds what was stored and not told to the order.
    await orderBecomes(merchant, order, 'refunded');
    expect(await booksOf(merchant)).toMatchObject([nothing]);
  });

  test('after the order had ended is late money that has gone back already', async () => {
    const { merchant, order } = await paidAndGivenBack();
    // The order's end asks the provider.
    await merchant.api('POST', `/v1/orders/${order.id}/cancel`);
    const { payments, refunds } = await until('the money in the books', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.refunds.length > 0 ? body : undefined;
    });
    expect(payments).toMatchObject([{ status: 'succeeded', capturedMinor: 1_250 }]);
    expect(refunds).toMatchObject([{ cause: 'at_provider', status: 'succeeded' }]);
    expect(await booksOf(merchant)).toMatchObject([nothing]);
  });
});

// Alipay's refunds are done when they are accepted.
test.each(providers.slice(1))(
  'a refund that bounces at %s frees its amount and asks for attention',
  async (provider, method) => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'refund', kind: 'bounce', times: 1 }],
      provider,
    );
    const answer = await refund(merchant, order, { amountMinor: 500 });
    expect(answer.status).toBe(201);
    const bounced = await until('the bounce is seen', async () => {
      const { body } = await merchant.api<RefundBody>('GET', `/v1/refunds/${answer.body.id}`);
      return body.status === 'needs_attention' ? body : undefined;
    });
    expect(bounced.failureCode).not.toBeNull();
    const all = await refund(merchant, order);
    expect(all.body).toMatchObject({ amountMinor: 1_250 });
    await orderBecomes(merchant, order, 'refunded');
  },
);

test('another merchant’s orders and refunds are not to be found', async () => {
  const [merchant, stranger] = [
    await world.newMerchant(['stripe']),
    await world.newMerchant(['stripe']),
  ];
  const order = await paidOrder(merchant, 'stripe.payment_intent');
  const { body } = await refund(merchant, order);
  expect((await refund(stranger, order)).status).toBe(404);
  expect((await stranger.api('GET', `/v1/refunds/${body.id}`)).status).toBe(404);
  expect(await bookOf(world, stranger)).toEqual([]);
});

test('an order without money cannot be refunded', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const { status, body } = await merchant.api<OrderBody>('POST', '/v1/orders', {
    body: newOrder({ methods: ['stripe.payment_intent'] }),
  });
  expect(status).toBe(201);
  const answer = await refund(merchant, body);
  expect(answer.status).toBe(409);
  expect(answer.text).toContain('nothing-to-refund');
});
