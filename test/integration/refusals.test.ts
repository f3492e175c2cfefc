import { eq, sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recentOutcomes } from '../../db/queries/account-outcomes.ts';
import { refunds } from '../../db/schema/refunds.ts';
import type { RefundId } from '../../domain/ids.ts';
import type { ProviderName } from '../../providers/provider.ts';
import { keptLog } from '../support/log-lines.ts';
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
      status: 'failed',
      failureCode: fault.code,
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

describe.each(['ACQ.NEVER_DOCUMENTED', 'ACQ.INVALID_PARAMETER'])('the code %s', (code) => {
  const opened = async () => {
    const merchant = await world.newMerchant(['alipay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['alipay.qr', 'stripe.checkout'] });
    await scanAtProvider(order);
    const refused = { call: 'close', kind: 'refused', code, times: 90 } as const;
    await scriptFaults(world, order.payments[0]!, [refused], 'alipay');
    const { accountId } = merchant.accounts.find(({ provider }) => provider === 'alipay')!;
    const isSaid = () =>
      lines.some((line) => line['accountId'] === accountId && line['code'] === code);
    return { merchant, order, isSaid };
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
    const { merchant, order, isSaid } = await opened();
    await post(merchant, order, 'cancel');
    await until('an alert', isSaid);
    await setBack(order, 'cancel_requested_at');
    const inReview = await orderBecomes(merchant, order, 'review');
    expect(inReview).toMatchObject({
      reviewReason: 'close_refused',
      failureCode: code,
      review: { verbs: ['close', 'dismiss'] },
    });
    const refusedAgain = await merchant.api<{ why: string }>(
      'POST',
      `/v1/orders/${order.id}/resolve`,
      { body: { verb: 'close', note: 'once more' }, headers: { prefer: 'wait=20' } },
    );
    expect([refusedAgain.status, refusedAgain.body.why]).toEqual([409, code]);
    await post(merchant, order, 'resolve', { verb: 'dismiss', note: 'closed in the portal' });
    expect(await orderBecomes(merchant, order, 'closed')).toMatchObject({
      closeReason: 'dismissed_in_review',
    });
  });

  test('in answer to a switch leaves the order to be paid as it was', async () => {
    const { merchant, order, isSaid } = await opened();
    await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await until('an alert', isSaid);
    await setBack(order, 'wished_at');
    const left = await until('the command is dropped', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.failureCode === code ? body : undefined;
    });
    expect(left).toMatchObject({ status: 'pending', payments: [{ method: 'alipay.qr' }] });
    await payAtProvider(world, merchant, left);
    await orderBecomes(merchant, order, 'paid');
  });

  test('in answer to a capture ends the command, and the money stays held', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, {
      methods: ['stripe.payment_intent'],
      capture: 'manual',
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
    await until('the command is ended', async () => {
      const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
      return body.status === 'authorized' && body.failureCode === 'never_heard_of';
    });
  });
});

test.each([
  ['alipay', 'alipay.qr', { code: 'ACQ.CONTEXT_INCONSISTENT' }],
  ['wechat-pay', 'wechat-pay.native', { code: 'INVALID_REQUEST', status: 400 }],
] as const)(
  'an opening that %s refuses for its state, and knows nothing of, goes on to the next account',
  async (provider, method, words) => {
    const merchant = await world.newMerchant([provider, 'stripe']);
    const { account } = merchant.accounts[0]!;
    const { call } = await world.simulator(provider);
    const fault = { call: 'create', kind: 'refused', account, ...words, times: 2 };
    await call('POST', '/faults', { body: fault });
    const moved = await openOrder(merchant, { methods: [method, 'stripe.checkout'] });
    expect(moved.payments).toMatchObject([
      { method, status: 'failed', failureCode: expect.any(String) },
      { method: 'stripe.checkout', status: 'pending' },
    ]);
    const { body } = await merchant.api<OrderBody>('POST', '/v1/orders', {
      body: newOrder({ methods: [method] }),
      headers: { prefer: 'wait=20' },
    });
    await orderBecomes(merchant, body, 'failed');
  },
);

describe('a refund that the provider neither makes nor refuses', () => {
  const stuck = async (fault: object, ageMinutes: number) => {
    const merchant = await world.newMerchant(['alipay']);
    const order = await paidOrder(merchant, 'alipay.qr');
    const faults = [{ ...fault, kind: 'refused', times: 90 }] as Parameters<typeof scriptFaults>[2];
    await scriptFaults(world, order.payments[0]!, faults, 'alipay');
    const asked = await refund(merchant, order, 'respond-async');
    await world.db
      .update(refunds)
      .set({ createdAt: sql`now() - make_interval(mins => ${ageMinutes})` })
      .where(eq(refunds.id, asked.id as RefundId));
    const { failureCode } = await until('it says why', async () => {
      const now = await refunded(merchant, asked);
      return now.failureCode === null ? undefined : now;
    });
    const close = await merchant.api<RefundBody>('POST', `/v1/refunds/${asked.id}/close`, {
      body: { note: 'the portal has none' },
    });
    return { merchant, order, failureCode, closed: close.body };
  };

  test.each([
    ['as its account is refused', { call: 'refund', code: 'ACQ.ACCESS_FORBIDDEN' }, 0],
    ['nor tells of', { call: 'queryRefund', code: 'ACQ.NEVER_DOCUMENTED' }, 11],
  ])('%s says why, and can be ended by a person', async (_, fault, ageMinutes) => {
    const { merchant, order, failureCode, closed } = await stuck(fault, ageMinutes);
    expect(failureCode).toBe(fault.code);
    expect(closed).toMatchObject({ status: 'failed' });
    const { call } = await world.simulator('alipay');
    await call('DELETE', '/faults');
    expect(await refund(merchant, order)).toMatchObject({ status: 'succeeded' });
    expect(await merchantMinor(order)).toBe(0);
  });
});

const merchantMinor = async ({ id }: OrderBody) => {
  const { rows } = await world.db.$client.query<{ minor: number }>(
    `select coalesce(sum(amount_minor), 0)::int as minor from ledger_entries
     where order_id = $1 and book = 'merchant'`,
    [id],
  );
  return rows[0]?.minor;
};

test('a refund made at the provider while ours is on its way is booked, and ours ends', async () => {
  const merchant = await world.newMerchant(['wechat-pay']);
  const order = await paidOrder(merchant, 'wechat-pay.native');
  const slow = [{ call: 'refund', kind: 'systemError', times: 2 }] as const;
  await scriptFaults(world, order.payments[0]!, [...slow], 'wechat-pay');
  const own = await refund(merchant, order, 'respond-async');
  await tellProvider(world, merchant, order, 'refund', { amountMinor: order.amountMinor });
  const after = await orderBecomes(merchant, order, 'refunded');
  await until('ours has ended', async () => (await refunded(merchant, own)).status === 'failed');
  expect(after).toMatchObject({ reviewReason: null, refundedMinor: order.amountMinor });
  expect(await merchantMinor(order)).toBe(0);
});

test('late money of another amount than was asked for goes back whole', async () => {
  const merchant = await world.newMerchant(['wechat-pay']);
  const order = await openOrder(merchant, {
    methods: ['wechat-pay.native'],
    latePayment: 'accept',
  });
  await merchant.api('POST', `/v1/orders/${order.id}/cancel`, { headers: { prefer: 'wait=20' } });
  await orderBecomes(merchant, order, 'closed');
  await payAtProvider(world, merchant, order, { force: true, paidMinor: 1_000 });
  const given = await until('it is back', async () => {
    const { body } = await merchant.api<OrderBody>('GET', `/v1/orders/${order.id}`);
    return body.refunds[0]?.status === 'succeeded' ? body : undefined;
  });
  expect(given).toMatchObject({
    status: 'closed',
    reviewReason: null,
    payments: [{ status: 'succeeded', capturedMinor: 1_000, surplus: 'late' }],
    refunds: [{ cause: 'late_payment', amountMinor: 1_000 }],
  });
  expect(await merchantMinor(order)).toBe(0);
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
