import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProviderName } from '../../providers/provider.ts';
import { sealContext } from '../../db/sealed-columns.ts';
import { createSealer } from '../../db/sealed.ts';
import type { OrderId } from '../../domain/ids.ts';
import { workflowIds } from '../../workflows/messages.ts';
import { keptLog } from '../support/log-lines.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Reply } from '../support/receiver.ts';
import {
  newOrder,
  openOrder,
  orderBecomes,
  payAtProvider,
  tellProvider,
} from '../support/orders.ts';
import type { OrderBody } from '../support/orders.ts';
import { scriptFaults, tradeOf } from '../support/provider-book.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

const { logger, lines } = keptLog();
let world: World;

beforeAll(async () => {
  world = await openWorld({ logger, retryGapsMs: Array.from({ length: 40 }, () => 300) });
});

afterAll(() => world.close());

const providers: [ProviderName, string][] = [
  ['alipay', 'alipay.qr'],
  ['wechat-pay', 'wechat-pay.native'],
  ['stripe', 'stripe.payment_intent'],
];

const read = async ({ api }: TestMerchant, { id }: { id: string }) =>
  (await api<OrderBody>('GET', `/v1/orders/${id}`)).body;

const post = (merchant: TestMerchant, order: { id: string }, verb: string, body?: object) =>
  merchant.api<OrderBody & { why?: string }>('POST', `/v1/orders/${order.id}/${verb}`, {
    ...(body && { body }),
    headers: { prefer: 'wait=20' },
  });

const hasRefunded = (merchant: TestMerchant, order: { id: string }) =>
  until('the surplus is back', async () => {
    const found = await read(merchant, order);
    return found.refunds[0]?.status === 'succeeded' ? found : undefined;
  });

describe('a payment that is held first', () => {
  const held = async (merchant: TestMerchant, fields: object = {}) => {
    const order = await openOrder(merchant, {
      methods: ['stripe.payment_intent'],
      capture: 'manual',
      ...fields,
    });
    await payAtProvider(world, merchant, order);
    return orderBecomes(merchant, order, 'authorized');
  };

  test('is captured whole, once however often it is asked for', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await held(merchant);
    const answers = await Promise.all([
      post(merchant, order, 'capture'),
      post(merchant, order, 'capture'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(await read(merchant, order)).toMatchObject({ status: 'paid', capturedMinor: 1250 });
    expect(await tradeOf(world, merchant, order.payments[0]!)).toMatchObject({ captures: 1 });
  });

  test('is captured in part, and the rest let go', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await held(merchant);
    const { status, body } = await post(merchant, order, 'capture', { amountMinor: 900 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'paid', capturedMinor: 900 });
    const trade = await tradeOf(world, merchant, order.payments[0]!);
    expect(trade).toMatchObject({ capturedMinor: 900, captures: 1 });
  });

  test('is not captured beyond what is held', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await held(merchant);
    expect((await post(merchant, order, 'capture', { amountMinor: 1_251 })).status).toBe(409);
  });

  test('is let go by cancelling the order', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await held(merchant);
    const { status, body } = await post(merchant, order, 'cancel');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'closed', closeReason: 'cancelled', capturedMinor: 0 });
    const trade = await tradeOf(world, merchant, order.payments[0]!);
    expect(trade).toMatchObject({ status: 'closed', captures: 0 });
  });

  test('is captured once although the answer to the capture was lost', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await held(merchant);
    const faults = [{ call: 'capture', kind: 'executedThenTimeout', times: 2 }] as const;
    await scriptFaults(world, order.payments[0]!, [...faults], 'stripe');
    await post(merchant, order, 'capture');
    await orderBecomes(merchant, order, 'paid');
    expect(await tradeOf(world, merchant, order.payments[0]!)).toMatchObject({ captures: 1 });
  });

  test('is refused to a method that cannot hold money', async () => {
    const merchant = await world.newMerchant(['wechat-pay']);
    const { status, text } = await merchant.api('POST', '/v1/orders', {
      body: newOrder({ capture: 'manual' }),
    });
    expect(status).toBe(422);
    expect(text).toContain('cannot_authorize');
  });
});

describe('another way to pay', () => {
  test('closes the attempt before, and the order is paid by the new one', async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    const { status, body } = await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    expect(status).toBe(200);
    expect(body.payments).toMatchObject([
      { method: 'wechat-pay.native', status: 'closed' },
      { method: 'stripe.checkout', status: 'pending' },
    ]);
    expect(body.nextAction?.kind).toBe('redirect');
    expect(await tradeOf(world, merchant, order.payments[0]!)).toMatchObject({ status: 'closed' });
    await payAtProvider(world, merchant, body);
    expect(await orderBecomes(merchant, order, 'paid')).toMatchObject({ capturedMinor: 1250 });
  });

  test('is not taken when the first turns out to be paid', async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    await scriptFaults(
      world,
      order.payments[0]!,
      [{ call: 'notify', kind: 'lostForever' }],
      'wechat-pay',
    );
    await payAtProvider(world, merchant, order);
    const { status } = await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    expect(status).toBe(409);
    const paid = await orderBecomes(merchant, order, 'paid');
    expect(paid.payments).toHaveLength(1);
  });

  test('if both are paid, the later is given back and both are shown', async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    const { body } = await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await payAtProvider(world, merchant, body);
    await orderBecomes(merchant, order, 'paid');
    await payAtProvider(world, merchant, order, { force: true });
    const twice = await hasRefunded(merchant, order);
    expect(twice).toMatchObject({ status: 'paid', capturedMinor: 1250, refundedMinor: 0 });
    expect(twice.payments).toMatchObject([
      { status: 'succeeded', surplus: 'duplicate' },
      { status: 'succeeded', surplus: null },
    ]);
    expect(twice.refunds).toMatchObject([{ cause: 'duplicate_payment', amountMinor: 1250 }]);
  });

  test('money for the attempt before pays the order, and the new attempt is closed', async () => {
    const merchant = await world.newMerchant(['wechat-pay', 'stripe']);
    const order = await openOrder(merchant, { methods: ['wechat-pay.native', 'stripe.checkout'] });
    const { body } = await post(merchant, order, 'payments', { method: 'stripe.checkout' });
    await payAtProvider(world, merchant, order, { force: true });
    await orderBecomes(merchant, order, 'paid');
    await until('the new attempt is closed', async () => {
      const trade = await tradeOf(world, merchant, body.payments[1]!);
      return trade?.status === 'closed' || undefined;
    });
  });
});

describe.each(providers)('an order in review at %s', (provider, method) => {
  const mismatched = async (paidMinor = 1_000) => {
    const merchant = await world.newMerchant([provider]);
    const order = await openOrder(merchant, { methods: [method] });
    await payAtProvider(world, merchant, order, { paidMinor });
    await orderBecomes(merchant, order, 'review');
    return { merchant, order };
  };
  const note = 'seen in the portal';

  test('says what contradicts it and how to decide: in the API, the event, the log and the Temporal UI', async () => {
    const { merchant, order } = await mismatched();
    const { accountId, provider: name } = merchant.accounts[0]!;
    const [payment] = order.payments;
    const trade = await tradeOf(world, merchant, payment!);
    const facts = {
      reason: 'amount_mismatch',
      provider: name,
      accountId,
      paymentId: payment!.id,
      outTradeNo: payment!.outTradeNo,
      expected: { amountMinor: order.amountMinor, currency: order.currency },
      reported: {
        amountMinor: 1_000,
        currency: order.currency,
        providerTradeNo: trade!.providerTradeNo,
      },
      verbs: ['accept', 'refund', 'close'],
    };
    expect((await read(merchant, order)).review).toMatchObject(facts);
    const { body } = await merchant.api<{ data: { data: { id: string; review: unknown } }[] }>(
      'GET',
      `/v1/events?types=order.review_required&resourceId=${order.id}`,
    );
    const told = body.data.find(({ data }) => data.id === order.id);
    expect(told?.data.review).toMatchObject(facts);
    expect(lines.find((line) => line['orderId'] === order.id)).toMatchObject(facts);
    const handle = world.temporal.workflow.getHandle(workflowIds.payOrder(order.id as OrderId));
    const { currentDetails: details } = await handle.query<{ currentDetails: string }>(
      '__temporal_workflow_metadata',
    );
    for (const fact of [
      payment!.outTradeNo,
      accountId,
      '10.00',
      '12.50',
      'accept, refund, close',
    ]) {
      expect(details).toContain(fact);
    }
  });

  test('is accepted as paid with what the provider has taken', async () => {
    const { merchant, order } = await mismatched();
    const { status, body } = await post(merchant, order, 'resolve', { verb: 'accept', note });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'paid', capturedMinor: 1_000, reviewReason: null });
  });

  test('is refunded whole and closed', async () => {
    const { merchant, order } = await mismatched();
    const { body } = await post(merchant, order, 'resolve', { verb: 'refund', note });
    expect(body).toMatchObject({ status: 'closed', closeReason: 'refunded_in_review' });
    expect(await hasRefunded(merchant, order)).toMatchObject({
      capturedMinor: 1_000,
      refundedMinor: 1_000,
      review: null,
      refunds: [{ cause: 'review', amountMinor: 1_000 }],
    });
  });

  test('is not closed while the provider has its money', async () => {
    const { merchant, order } = await mismatched();
    const { status, body } = await post(merchant, order, 'resolve', { verb: 'close', note });
    expect(status).toBe(409);
    expect(body.why).toBe('paid_at_provider');
    expect(await read(merchant, order)).toMatchObject({ status: 'review' });
  });
});

describe('an order in review at Stripe', () => {
  test('whose money is only held says that it can be let go, and is', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, {
      methods: ['stripe.payment_intent'],
      capture: 'manual',
    });
    await payAtProvider(world, merchant, order, { paidMinor: 1_000 });
    expect(await orderBecomes(merchant, order, 'review')).toMatchObject({
      review: { reason: 'amount_mismatch', isHeld: true, verbs: ['close'] },
    });
    const { body } = await post(merchant, order, 'resolve', { verb: 'close', note: 'let it go' });
    expect(body).toMatchObject({ status: 'closed', review: null });
  });

  test('that is disputed meanwhile has the dispute in its books once it is booked', async () => {
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, { methods: ['stripe.payment_intent'] });
    await payAtProvider(world, merchant, order, { paidMinor: 1_000 });
    await orderBecomes(merchant, order, 'review');
    await tellProvider(world, merchant, order, 'dispute');
    const books = async () => {
      const { rows } = await world.db.$client.query(
        `select book, sum(amount_minor)::int as minor from ledger_entries where order_id = $1
         group by book having sum(amount_minor) <> 0 order by book`,
        [order.id],
      );
      return rows;
    };
    await until('the dispute is known', async () => (await read(merchant, order)).disputes[0]);
    expect(await books()).toEqual([]);
    const note = 'taken as it is';
    const { body } = await post(merchant, order, 'resolve', { verb: 'accept', note });
    expect(body).toMatchObject({ status: 'paid', disputes: [{ status: 'open' }] });
    expect(await books()).toEqual([
      { book: 'disputes', minor: -1_000 },
      { book: 'provider', minor: 1_000 },
    ]);
  });
});

describe('failover', () => {
  const first = { provider: 'stripe', terms: { priority: 1 } } as const;

  test('moves on from an account whose keys are refused, and says so on the order', async () => {
    const merchant = await world.newMerchant([first, 'wechat-pay']);
    await breakAccount(merchant.accounts[0]!.accountId);
    const order = await openOrder(merchant, { methods: ['stripe.checkout', 'wechat-pay.native'] });
    expect(order.payments).toMatchObject([
      { method: 'stripe.checkout', status: 'failed' },
      { method: 'wechat-pay.native', status: 'pending' },
    ]);
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
  });

  test('fails the order once no account is left', async () => {
    const merchant = await world.newMerchant([first]);
    await breakAccount(merchant.accounts[0]!.accountId);
    const { body } = await merchant.api<OrderBody>('POST', '/v1/orders', {
      body: newOrder({ methods: ['stripe.checkout'] }),
    });
    expect(body).toMatchObject({ status: 'failed', payments: [{ status: 'failed' }] });
  });

  test('never moves on from an unknown outcome', async () => {
    const merchant = await world.newMerchant([first, 'wechat-pay']);
    const { call } = await world.simulator('stripe');
    const account = merchant.accounts[0]!.account;
    await call('POST', '/faults', {
      body: { call: 'create', kind: 'executedThenTimeout', times: 2, account },
    });
    const order = await openOrder(merchant, {
      methods: ['stripe.payment_intent', 'wechat-pay.native'],
    });
    expect(order.payments).toMatchObject([{ method: 'stripe.payment_intent', status: 'pending' }]);
  });

  test('the dry run names the way and why the others do not fit', async () => {
    const merchant = await world.newMerchant([
      { provider: 'stripe', terms: { mostMinor: 1_000 } },
      { provider: 'wechat-pay', terms: { priority: 1 } },
    ]);
    const { body } = await merchant.api<{ routes: { method: string; verdict: string }[] }>(
      'POST',
      '/v1/routing/dry-run',
      { body: { amountMinor: 5_000, currency: 'CNY' } },
    );
    const verdicts = Object.fromEntries(
      body.routes.map(({ method, verdict }) => [method, verdict]),
    );
    expect(body.routes[0]).toMatchObject({ method: 'wechat-pay.native', verdict: 'fits' });
    expect(verdicts).toMatchObject({
      'stripe.checkout': 'amount_above_most',
      'wechat-pay.jsapi': 'payer_unknown',
      'wechat-pay.h5': 'payer_unknown',
    });
  });

  /** As after a key was revoked in the provider's portal. */
  async function breakAccount(accountId: string): Promise<void> {
    const credentials = JSON.stringify({ secretKey: 'sk_test_revoked', webhookSecrets: 'whsec_x' });
    const sealed = createSealer(world.config.secretKeys).seal(
      credentials,
      sealContext('provider_accounts.credentials', accountId),
    );
    await world.db.$client.query(
      'update provider_accounts set sealed_credentials = $2 where id = $1',
      [accountId, sealed],
    );
  }
});

describe('a merchant who is asked to confirm', () => {
  const scene = async (answer: () => Reply, fields: object = {}) => {
    const receiver = await startReceiver();
    receiver.answerWith(answer);
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, {
      methods: ['stripe.payment_intent'],
      confirm: { url: receiver.url, withinSeconds: 5 },
      ...fields,
    });
    await payAtProvider(world, merchant, order);
    return { receiver, merchant, order };
  };
  const say = (answer: string) => () => ({ status: 200, body: JSON.stringify({ answer }) });

  test('accepts, and held money is captured', async () => {
    const { receiver, merchant, order } = await scene(say('accept'), { capture: 'manual' });
    expect(await orderBecomes(merchant, order, 'paid')).toMatchObject({ confirmation: 'accepted' });
    await receiver.stop();
  });

  test('rejects, and held money is let go', async () => {
    const { receiver, merchant, order } = await scene(say('reject'), { capture: 'manual' });
    expect(await orderBecomes(merchant, order, 'closed')).toMatchObject({
      confirmation: 'rejected',
      closeReason: 'rejected',
      capturedMinor: 0,
    });
    await receiver.stop();
  });

  test('rejects, and money that was taken is given back', async () => {
    const { receiver, merchant, order } = await scene(say('reject'));
    expect(await orderBecomes(merchant, order, 'refunded')).toMatchObject({
      confirmation: 'rejected',
      refunds: [{ cause: 'rejected', amountMinor: 1250 }],
    });
    await receiver.stop();
  });

  test('rejects money that came late and was accepted, and it is given back', async () => {
    const receiver = await startReceiver();
    receiver.answerWith(say('reject'));
    const merchant = await world.newMerchant(['stripe']);
    const order = await openOrder(merchant, {
      methods: ['stripe.payment_intent'],
      latePayment: 'accept',
      confirm: { url: receiver.url, withinSeconds: 30 },
    });
    await post(merchant, order, 'cancel');
    await payAtProvider(world, merchant, order, { force: true });
    expect(await orderBecomes(merchant, order, 'refunded')).toMatchObject({
      confirmation: 'rejected',
    });
    await receiver.stop();
  });

  test('says nothing until the deadline, and the money is given back', async () => {
    const { receiver, merchant, order } = await scene(() => ({ status: 500, body: '' }));
    expect(await orderBecomes(merchant, order, 'refunded')).toMatchObject({
      confirmation: 'timed_out',
    });
    await receiver.stop();
  });
});

test('a dispute is recorded, announced, and ends as the provider says', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const order = await openOrder(merchant, { methods: ['stripe.payment_intent'] });
  await payAtProvider(world, merchant, order);
  await orderBecomes(merchant, order, 'paid');
  await tellProvider(world, merchant, order, 'dispute', {});
  const disputed = await until('the dispute is recorded', async () => {
    const found = await read(merchant, order);
    return found.disputes[0];
  });
  expect(disputed).toMatchObject({ status: 'open', amountMinor: 1250 });
  const { call } = await world.simulator('stripe');
  await call('POST', `/disputes/${disputed.disputeNo}/close`, { body: { won: false } });
  await until('the dispute is lost', async () => {
    const found = await read(merchant, order);
    return found.disputes[0]?.status === 'lost' || undefined;
  });
  const { body } = await merchant.api<{ data: object[] }>('GET', '/v1/balances');
  expect(body.data).toMatchObject([{ providerMinor: 0, merchantMinor: 0, disputesMinor: 0 }]);
});

describe('a dispute at Stripe', () => {
  async function disputed(words: Record<string, unknown>) {
    const receiver = await startReceiver();
    const merchant = await world.newMerchant(['stripe']);
    await merchant.api('POST', '/v1/endpoints', {
      body: { url: receiver.url, eventTypes: ['dispute.*'] },
    });
    const order = await openOrder(merchant, { methods: ['stripe.payment_intent'] });
    await payAtProvider(world, merchant, order);
    await orderBecomes(merchant, order, 'paid');
    await tellProvider(world, merchant, order, 'dispute', words);
    const { call } = await world.simulator('stripe');
    const becomes = (status: string) =>
      until(`the dispute to be ${status}`, async () => {
        const { disputes } = await read(merchant, order);
        return disputes[0]?.status === status ? disputes[0] : undefined;
      });
    const move = async (to: string) => {
      const { disputes } = await read(merchant, order);
      const answer = await call('POST', `/disputes/${disputes[0]?.disputeNo}/move`, {
        body: { to },
      });
      expect(answer.status).toBe(200);
    };
    const books = async () => {
      const { body } = await merchant.api<{ data: object[] }>('GET', '/v1/balances');
      return body.data[0];
    };
    const told = (types: string[]) =>
      until(`the events ${types.join(', ')}`, () => {
        const heard = receiver.received.map(({ event }) => event.type);
        return JSON.stringify(heard) === JSON.stringify(types) || undefined;
      });
    return { merchant, order, becomes, move, books, told, stop: receiver.stop };
  }

  const whole = { providerMinor: 1250, merchantMinor: 1250, disputesMinor: 0 };

  test('that is an inquiry moves no money, and the payment can still be refunded', async () => {
    const { merchant, order, becomes, move, books, told, stop } = await disputed({
      isInquiry: true,
    });
    expect(await becomes('inquiry')).toMatchObject({ amountMinor: 1250 });
    expect(await books()).toMatchObject(whole);
    const refund = await merchant.api<{ status: string }>(
      'POST',
      `/v1/orders/${order.id}/refunds`,
      {
        body: { merchantRefundNo: `inquiry-${order.id}` },
        headers: { prefer: 'wait=20' },
      },
    );
    expect(refund).toMatchObject({ status: 201, body: { status: 'succeeded' } });
    await move('inquiryClosed');
    await becomes('inquiry_closed');
    await told(['dispute.inquiry_opened', 'dispute.inquiry_closed']);
    expect(await books()).toMatchObject({ providerMinor: 0, merchantMinor: 0, disputesMinor: 0 });
    await stop();
  });

  test('that an inquiry has become holds the money, and gives it back when it is won late', async () => {
    const { becomes, move, books, told, stop } = await disputed({ isInquiry: true });
    await becomes('inquiry');
    await move('open');
    await becomes('open');
    expect(await books()).toMatchObject({ merchantMinor: 0, disputesMinor: 1250 });
    await move('lost');
    await becomes('lost');
    expect(await books()).toMatchObject({ providerMinor: 0, merchantMinor: 0, disputesMinor: 0 });
    await move('won');
    await becomes('won');
    expect(await books()).toMatchObject(whole);
    await told([
      ...['dispute.inquiry_opened', 'dispute.opened'],
      ...['dispute.lost', 'dispute.won'],
    ]);
    await stop();
  });

  test('is as the provider says now, in whatever order its news comes', async () => {
    const { merchant, order, becomes, move, books, stop } = await disputed({});
    await becomes('open');
    await move('lost');
    await becomes('lost');
    const { call } = await world.simulator('stripe');
    const { outTradeNo } = order.payments[0]!;
    const account = merchant.accounts[0]?.account;
    // Its opening, and its end, are told once more.
    await call('POST', `/notifications/${outTradeNo}/resend`, { body: { account } });
    await move('won');
    await becomes('won');
    expect(await books()).toMatchObject(whole);
    await stop();
  });
});

test('thin notifications only make the provider be asked', async () => {
  const merchant = await world.newMerchant(['stripe']);
  const { call } = await world.simulator('stripe');
  await call('POST', `/accounts/${merchant.accounts[0]!.account}/style`, {
    body: { style: 'thin' },
  });
  const order = await openOrder(merchant, { methods: ['stripe.payment_intent'] });
  await payAtProvider(world, merchant, order);
  expect(await orderBecomes(merchant, order, 'paid')).toMatchObject({ capturedMinor: 1250 });
});
