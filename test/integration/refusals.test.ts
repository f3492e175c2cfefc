import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recentOutcomes } from '../../db/queries/account-outcomes.ts';
import { refunds } from '../../db/schema/refunds.ts';
import type { RefundId } from '../../domain/ids.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { keptLog } from '../support/log-lines.ts';
import { newOrder, openOrder, orderBecomes, payAtProvider } from '../support/orders.ts';
import type { OrderBody, RefundBody } from '../support/orders.ts';
import { scanAtProvider, scriptFaults, tradeOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

// What a provider refuses ends, whatever its word for it; what nobody understands is for a person, and soon.

const { logger, lines } = keptLog();
let world: World;

beforeAll(async () => {
  world = await openWorld({ logger });
});

afterAll(() => world.close());

type Refused = { provider: ProviderName; method: string; code: string; status?: number };

let numbers = 0;

async function paidOrder(merchant: TestMerchant, method: string): Promise<OrderBody> {
  const order = await openOrder(merchant, { methods: [method] });
  await payAtProvider(world, merchant, order);
  return orderBecomes(merchant, order, 'paid');
}

async function refund({ api }: TestMerchant, { id }: OrderBody, prefer = 'wait=20') {
  numbers += 1;
  const { body } = await api<RefundBody>('POST', `/v1/orders/${id}/refunds`, {
    body: { merchantRefundNo: `refused-${process.pid}-${numbers}` },
    headers: { prefer },
  });
  return body;
}

const refunded = async ({ api }: TestMerchant, { id }: RefundBody) =>
  (await api<RefundBody>('GET', `/v1/refunds/${id}`)).body;

describe.each<Refused>([
  { provider: 'alipay', method: 'alipay.qr', code: 'ACQ.NOT_ALLOW_PARTIAL_REFUND' },
  { provider: 'alipay', method: 'alipay.qr', code: 'ACQ.BUYER_NOT_EXIST' },
  { provider: 'alipay', method: 'alipay.qr', code: 'ACQ.REFUND_CHARGE_ERROR' },
  { provider: 'wechat-pay', method: 'wechat-pay.native', code: 'NOT_ENOUGH', status: 403 },
  { provider: 'wechat-pay', method: 'wechat-pay.native', code: 'PARAM_ERROR', status: 400 },
  { provider: 'stripe', method: 'stripe.payment_intent', code: 'charge_disputed' },
])('a refund that $provider refuses with $code', ({ provider, method, ...fault }) => {
  test('has failed, and its amount can be refunded again', async () => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    const { outTradeNo } = order.payments[0]!;
    await scriptFaults(
      world,
      { outTradeNo },
      [{ call: 'refund', kind: 'refused', ...fault }],
      provider,
    );
    expect(await refund(merchant, order)).toMatchObject({
      ...{ status: 'failed', failureCode: fault.code },
    });
    expect(await refund(merchant, order)).toMatchObject({ status: 'succeeded' });
    const trade = await tradeOf(world, merchant, { outTradeNo });
    expect(trade?.refunds.map(({ executions }) => executions)).toEqual([1]);
  });
});

test.each<Refused>([
  { provider: 'alipay', method: 'alipay.qr', code: 'ACQ.NEVER_DOCUMENTED' },
  { provider: 'wechat-pay', method: 'wechat-pay.native', code: 'NEVER_DOCUMENTED', status: 400 },
  { provider: 'stripe', method: 'stripe.payment_intent', code: 'never_documented' },
])(
  'a refund that $provider answers with a code nobody documented is asked about, and then for a person',
  async ({ provider, method, ...fault }) => {
    const merchant = await world.newMerchant([provider]);
    const order = await paidOrder(merchant, method);
    const { outTradeNo } = order.payments[0]!;
    const refused = { call: 'refund', kind: 'refused', times: 50, ...fault } as const;
    await scriptFaults(world, { outTradeNo }, [refused], provider);
    const asked = await refund(merchant, order, 'respond-async');
    const { accountId } = merchant.accounts[0]!;
    await until('an alert', () =>
      lines.find((line) => line['accountId'] === accountId && line['code'] === fault.code),
    );
    // It may have been made: its amount stays reserved as long as there is hope.
    expect(await refunded(merchant, asked)).toMatchObject({ status: 'pending' });
    await world.db
      .update(refunds)
      .set({ createdAt: sql`now() - interval '11 minutes'` })
      .where(eq(refunds.id, asked.id as RefundId));
    const ended = await until('its end', async () => {
      const now = await refunded(merchant, asked);
      return now.status === 'pending' ? undefined : now;
    });
    expect(ended).toMatchObject({ status: 'needs_attention', failureCode: fault.code });
    const trade = await tradeOf(world, merchant, { outTradeNo });
    expect(trade?.refunds).toEqual([]);
    const close = () =>
      merchant.api<RefundBody>('POST', `/v1/refunds/${asked.id}/close`, {
        body: { note: 'paid back by transfer' },
      });
    expect((await close()).body).toMatchObject({ status: 'failed', failureCode: fault.code });
    expect((await close()).status).toBe(409);
  },
);

describe('a code nobody documented', () => {
  const opened = async () => {
    const merchant = await world.newMerchant(['alipay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['alipay.qr', 'stripe.checkout'] });
    await scanAtProvider(order);
    const code = 'ACQ.NEVER_DOCUMENTED';
    const refused = { call: 'close', kind: 'refused', code, times: 90 } as const;
    await scriptFaults(world, order.payments[0]!, [refused], 'alipay');
    const { accountId } = merchant.accounts.find(({ provider }) => provider === 'alipay')!;
    const isSaid = () =>
      lines.some((line) => line['accountId'] === accountId && line['code'] === code);
    return { merchant, order, code, isSaid };
  };
  const post = ({ api }: TestMerchant, { id }: OrderBody, verb: string, body?: object) =>
    api<OrderBody>('POST', `/v1/orders/${id}/${verb}`, {
      ...(body && { body }),
      headers: { prefer: 'respond-async' },
    });
  const setBack = (order: OrderBody, column: 'cancel_requested_at' | 'wished_at') =>
    world.db.$client.query(
      `update orders set ${column} = ${column} - interval '11 minutes' where id = $1`,
      [order.id],
    );

  test('in answer to a close is alerted of, and then for a person, who can let it go', async () => {
    const { merchant, order, code, isSaid } = await opened();
    await post(merchant, order, 'cancel');
    await until('an alert', isSaid);
    await setBack(order, 'cancel_requested_at');
    const inReview = await orderBecomes(merchant, order, 'review');
    expect(inReview).toMatchObject({
      ...{ reviewReason: 'close_refused', failureCode: code },
      review: { verbs: ['close', 'dismiss'] },
    });
    await post(merchant, order, 'resolve', { verb: 'dismiss', note: 'closed in the portal' });
    expect(await orderBecomes(merchant, order, 'closed')).toMatchObject({
      closeReason: 'dismissed_in_review',
    });
  });

  test('in answer to a switch leaves the order to be paid as it was', async () => {
    const { merchant, order, code, isSaid } = await opened();
    await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await until('an alert', isSaid);
    await setBack(order, 'wished_at');
    const left = await until('the wish is dropped', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.failureCode === code ? body : undefined;
    });
    expect(left).toMatchObject({ status: 'pending', payments: [{ method: 'alipay.qr' }] });
    await payAtProvider(world, merchant, left);
    await orderBecomes(merchant, order, 'paid');
  });

  test('in answer to a capture ends the wish, and the money stays held', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, {
      ...{ methods: ['stripe.payment_intent'], capture: 'manual' },
    });
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'authorized');
    const refused = {
      call: 'capture',
      kind: 'refused',
      code: 'never_heard_of',
      times: 90,
    } as const;
    await scriptFaults(world, order.payments[0]!, [refused], 'stripe');
    await post(merchant, order, 'capture', {});
    await until('an alert', () => lines.some((line) => line['code'] === 'never_heard_of'));
    await setBack(order, 'wished_at');
    await until('the wish is ended', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.status === 'authorized' && body.failureCode === 'never_heard_of';
    });
  });
});

test.each([
  ['OPENID_MISMATCH', 500],
  ['PARAM_ERROR', 400],
])(
  'orders whose payers are wrong (%s) fail, and the account stays healthy for everybody else',
  async (code, status) => {
    const merchant = await world.newMerchant(['wechat-pay']);
    const { account, accountId } = merchant.accounts[0]!;
    const { call } = await world.simulator('wechat-pay');
    await call('POST', '/faults', {
      body: { call: 'create', kind: 'refused', account, code, status, times: 8 },
    });
    for (let count = 0; count < 8; count++) {
      const { body } = await merchant.api<OrderBody>('POST', '/v1/orders', {
        body: newOrder({ methods: ['wechat-pay.jsapi'], payer: { providerUserId: `no-${count}` } }),
        headers: { prefer: 'wait=20' },
      });
      expect(await orderBecomes(merchant, body, 'failed')).toMatchObject({ failureCode: code });
    }
    const outcomes = await until('the outcomes are written', async () => {
      const buckets = (await recentOutcomes(world.db, { accountIds: [accountId] })).get(accountId);
      const sum = (name: 'succeeded' | 'failed') =>
        (buckets ?? []).reduce((all, bucket) => all + bucket[name], 0);
      return sum('succeeded') + sum('failed') >= 8 ? { failed: sum('failed') } : undefined;
    });
    expect(outcomes).toEqual({ failed: 0 });
    await paidOrder(merchant, 'wechat-pay.native');
  },
);
