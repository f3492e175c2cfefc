import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type {
  CreatePaymentInput,
  ParsedNotification,
  PaymentRef,
  Provider,
  RawNotification,
  StatementEntry,
} from '../../providers/provider.ts';
import type { Simulator } from '../../simulators/kit/serve.ts';
import { ProviderFault } from '../../providers/faults.ts';
import { openAccount } from '../../providers/stripe/open-account.ts';
import { openStripeSandbox } from '../../providers/stripe/sandbox.ts';
import type { Sandbox } from '../../providers/stripe/sandbox.ts';
import { startStripeSimulator } from '../../simulators/stripe/server.ts';
import { tradesOf } from '../support/trades-of.ts';
import type { TradeEntry } from '../support/trades-of.ts';
import { until } from '../support/until.ts';

let simulator: Simulator;
let sandbox: Sandbox;
let provider: Provider;
let webhookUrl = '';
let deliveries: RawNotification[] = [];
let answers: number[] = [];

const receiver = createServer((request, response) => {
  let rawBody = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (rawBody += chunk));
  request.on('end', () => {
    deliveries.push({ rawBody, headers: request.headers as Record<string, string> });
    response.writeHead(answers.shift() ?? 200).end('ok');
  });
});

beforeAll(async () => {
  simulator = await startStripeSimulator({ port: 0, notifyDelayScale: 0.0005 });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  webhookUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  await simulator.stop();
  receiver.close();
});

beforeEach(async () => {
  sandbox = await openStripeSandbox({ simulatorUrl: simulator.url });
  provider = openAccount(sandbox);
  await atConsole('DELETE', 'faults');
  await atConsole('POST', `accounts/${sandbox.account}/webhook`, { url: webhookUrl });
  deliveries = [];
  answers = [];
});

let lastNumber = 0;
const newNo = (kind: string) => `${kind}${String(++lastNumber).padStart(12, '0')}`;

async function atConsole(method: string, path: string, body?: unknown, at = simulator.url) {
  const response = await fetch(`${at}/console/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

function terms(over: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return {
    outTradeNo: newNo('pay'),
    method: 'stripe.payment_intent',
    amountMinor: 1250,
    currency: 'EUR',
    subject: 'One cup of tea, 茶 & more',
    expiresAt: new Date(Date.now() + 900_000).toISOString(),
    notifyUrl: 'https://tender.test/ignored',
    returnUrl: 'https://shop.test/back?a=1',
    capture: 'automatic',
    payer: {},
    ...over,
  };
}

async function create(over: Partial<CreatePaymentInput> = {}) {
  const input = terms(over);
  const created = await provider.createPayment(input);
  if (created.kind !== 'created') throw new Error(JSON.stringify(created));
  const { outTradeNo, amountMinor, currency } = input;
  const { providerRef } = created;
  const ref: PaymentRef = { outTradeNo, amountMinor, currency, providerRef, providerTradeNo: null };
  return { input, created, ref };
}

async function createPaid(over: Partial<CreatePaymentInput> = {}) {
  const made = await create(over);
  await pay(made.ref.outTradeNo);
  return made;
}

const pay = (outTradeNo: string, body: object = {}) =>
  atConsole('POST', `payments/${outTradeNo}/pay`, { account: sandbox.account, ...body });

async function bookOf(outTradeNo: string) {
  return (await atConsole('GET', `payments/${outTradeNo}?account=${sandbox.account}`)).body;
}

function bindingOf(payment: CreatePaymentInput) {
  const { appId, sellerId, outTradeNo } = provider.expectedBinding(payment);
  return { appId, sellerId, outTradeNo };
}

const refundOf = (payment: PaymentRef, refundMinor: number, refundNo = newNo('re')) => ({
  payment,
  refundNo,
  refundMinor,
  capturedMinor: payment.amountMinor,
  reason: 'the tea was cold',
  notifyUrl: '',
});

/** A body as the sandbox's endpoint would get it. */
function signed(rawBody: string) {
  const time = Math.floor(Date.now() / 1000);
  const secret = sandbox.credentials['webhookSecrets'] ?? '';
  const hex = createHmac('sha256', secret).update(`${time}.${rawBody}`).digest('hex');
  return { rawBody, headers: { 'stripe-signature': `t=${time},v1=${hex}` } };
}

/** The deliveries that speak of this type, read by the adapter. */
async function heard(type: string, count = 1): Promise<ParsedNotification[]> {
  const found = await until(type, () => {
    const all = deliveries.filter(({ rawBody }) => rawBody.includes(`"type": "${type}"`));
    return all.length >= count && all;
  });
  return Promise.all(found.map((delivery) => provider.parseNotification(delivery)));
}

async function entriesOf(date: string): Promise<TradeEntry[]> {
  const statement = await provider.fetchStatement({ date });
  if (statement.kind !== 'ready') throw new Error(statement.kind);
  const entries: StatementEntry[] = [];
  for await (const entry of statement.entries) entries.push(entry);
  return tradesOf(entries);
}

const methods = ['stripe.payment_intent', 'stripe.checkout'] as const;

describe.each(methods)('%s', (method) => {
  test('is paid, told by a verified webhook, and found so', async () => {
    const { input, created, ref } = await create({ method });
    expect(created.nextAction.kind).toBe(
      method === 'stripe.checkout' ? 'redirect' : 'clientSecret',
    );
    expect(ref.providerRef).toMatch(method === 'stripe.checkout' ? /^cs_test_/ : /^pi_/);
    expect(await provider.queryPayment(ref)).toEqual({
      kind: 'reported',
      report: { status: 'pending' },
    });
    await pay(ref.outTradeNo);
    const report = {
      status: 'succeeded',
      paidMinor: 1250,
      currency: 'EUR',
      providerTradeNo: expect.stringMatching(/^pi_/),
      paidAt: expect.any(String),
    };
    expect(await provider.queryPayment(ref)).toEqual({ kind: 'reported', report });
    const [told] = await heard('payment_intent.succeeded');
    expect(told).toMatchObject({
      kind: 'verified',
      events: [
        {
          notificationId: expect.stringMatching(/^evt_/),
          binding: {
            ...bindingOf(input),
            providerTradeNo: expect.stringMatching(/^pi_/),
          },
          news: { kind: 'payment', report },
        },
      ],
    });
    expect(await provider.closePayment(ref)).toEqual({ kind: 'paid' });
  });

  test('that is only held is captured in part, once', async () => {
    const { ref } = await create({ method, capture: 'manual' });
    expect(await provider.capturePayment!({ ...ref, captureMinor: 1000 })).toMatchObject({
      kind: 'invalidState',
    });
    await pay(ref.outTradeNo);
    const [told] = await heard('payment_intent.amount_capturable_updated');
    const authorized = { status: 'authorized', authorizedMinor: 1250, currency: 'EUR' };
    expect(told).toMatchObject({ events: [{ news: { kind: 'payment', report: authorized } }] });
    expect(await provider.queryPayment(ref)).toMatchObject({ report: authorized });

    const captured = { kind: 'reported', report: { status: 'succeeded', paidMinor: 1000 } };
    expect(await provider.capturePayment!({ ...ref, captureMinor: 1000 })).toMatchObject(captured);
    expect(await provider.capturePayment!({ ...ref, captureMinor: 1000 })).toMatchObject(captured);
    expect(await provider.capturePayment!({ ...ref, captureMinor: 900 })).toMatchObject(captured);
    expect(await bookOf(ref.outTradeNo)).toMatchObject({ captures: 1, capturedMinor: 1000 });
  });

  test('that is only held is not captured beyond that', async () => {
    const { ref } = await createPaid({ method, capture: 'manual' });
    expect(await provider.capturePayment!({ ...ref, captureMinor: 1251 })).toMatchObject({
      kind: 'invalidState',
    });
    expect(await bookOf(ref.outTradeNo)).toMatchObject({ captures: 0 });
  });

  test('that is only held is let go by a close', async () => {
    const { ref } = await createPaid({ method, capture: 'manual' });
    expect(await provider.closePayment(ref)).toEqual({ kind: 'closed' });
    expect(await provider.queryPayment(ref)).toMatchObject({ report: { status: 'closed' } });
    const [told] = await heard('payment_intent.canceled');
    expect(told).toMatchObject({ events: [{ news: { report: { status: 'closed' } } }] });
    expect(await provider.capturePayment!({ ...ref, captureMinor: 1 })).toMatchObject({
      kind: 'invalidState',
    });
  });

  test('is closed unpaid, again and again', async () => {
    const { ref } = await create({ method });
    expect(await provider.closePayment(ref)).toEqual({ kind: 'closed' });
    expect(await provider.closePayment(ref)).toEqual({ kind: 'closed' });
    expect(await provider.queryPayment(ref)).toMatchObject({ report: { status: 'closed' } });
    expect((await pay(ref.outTradeNo)).status).toBe(409);
  });

  test('asked for again is the same one', async () => {
    const { input, created } = await create({ method });
    expect(await provider.createPayment(input)).toEqual(created);
  });

  test('asked for again in other terms is refused', async () => {
    const { input } = await create({ method });
    expect(await provider.createPayment({ ...input, amountMinor: 1251 })).toMatchObject({
      kind: 'invalidState',
      code: 'idempotency_error',
    });
  });

  test.each([
    ['executedThenTimeout', 'unknownOutcome'],
    ['timeoutBefore', 'unknownOutcome'],
    ['malformed', 'unknownOutcome'],
    ['http500', 'unknownOutcome'],
    ['systemError', 'unknownOutcome'],
    ['rateLimited', 'retryable'],
  ])('whose creation met %s has a fault, and one payment after the repeat', async (kind, fault) => {
    const input = terms({ method });
    await atConsole('POST', 'faults', { call: 'create', kind, outTradeNo: input.outTradeNo });
    await expect(provider.createPayment(input)).rejects.toMatchObject({ kind: fault });
    expect(await provider.createPayment(input)).toMatchObject({ kind: 'created' });
    const { body } = await atConsole('GET', `book?account=${sandbox.account}`);
    expect(body.payments).toHaveLength(1);
  });

  test('is refused in an amount Stripe cannot say', async () => {
    const refused = { kind: 'declined', code: 'AMOUNT_NOT_SUPPORTED' };
    const input = terms({ method, currency: 'KWD', amountMinor: 5124 });
    expect(await provider.createPayment(input)).toMatchObject(refused);
    expect(await provider.createPayment(terms({ method, amountMinor: 100_000_000 }))).toMatchObject(
      {
        kind: 'declined',
        code: 'amount_too_large',
      },
    );
  });

  test('in a currency of other units arrives in ours', async () => {
    const { ref } = await createPaid({ method, currency: 'ISK', amountMinor: 500 });
    expect(await bookOf(ref.outTradeNo)).toMatchObject({ amountMinor: 500, capturedMinor: 500 });
    expect(await provider.queryPayment(ref)).toMatchObject({
      report: { status: 'succeeded', paidMinor: 500, currency: 'ISK' },
    });
  });
});

describe('a payment', () => {
  test('without its handle is found by our number once it was confirmed, and harmlessly absent before', async () => {
    for (const method of methods) {
      const { ref } = await create({ method });
      const lost = { ...ref, providerRef: null };
      const isSession = method === 'stripe.checkout';
      expect(await provider.queryPayment(lost)).toMatchObject({
        report: { status: isSession ? 'absent' : 'pending' },
      });
      await pay(ref.outTradeNo);
      expect(await provider.queryPayment(lost)).toMatchObject({ report: { status: 'succeeded' } });
    }
  });

  test('that was never asked for is absent, and closing it too', async () => {
    const { outTradeNo, amountMinor, currency } = terms();
    const ref = { outTradeNo, amountMinor, currency, providerRef: null, providerTradeNo: null };
    expect(await provider.queryPayment(ref)).toMatchObject({ report: { status: 'absent' } });
    expect(await provider.closePayment(ref)).toEqual({ kind: 'absent' });
    expect(await provider.refund(refundOf(ref, 1))).toMatchObject({ kind: 'invalidState' });
  });

  test('of a handle that Stripe does not know needs a person', async () => {
    const { ref } = await create();
    await expect(provider.queryPayment({ ...ref, providerRef: 'pi_other' })).rejects.toMatchObject({
      kind: 'misconfigured',
      code: 'resource_missing',
    });
  });

  test('of another number is never taken for the one asked for', async () => {
    const { ref } = await create();
    await expect(provider.queryPayment({ ...ref, outTradeNo: 'another' })).rejects.toMatchObject({
      kind: 'unknownOutcome',
    });
  });

  test('of a long order is a Session of 24 hours, the same at a repeat', async () => {
    const expiresAt = new Date(Date.now() + 86_000_000).toISOString();
    const { input, created } = await create({ method: 'stripe.checkout', expiresAt });
    expect(await provider.createPayment(input)).toEqual(created);
    const { openedAt, expiresAt: end } = await bookOf(input.outTradeNo);
    expect(Date.parse(end) - Date.parse(openedAt)).toBe(86_400_000);
  });

  test('whose key ended in a stored 500 is still closed, captured and asked for', async () => {
    const { ref } = await createPaid({ capture: 'manual' });
    await atConsole('POST', 'faults', { call: 'capture', kind: 'http500' });
    const capture = () => provider.capturePayment!({ ...ref, captureMinor: 1250 });
    await expect(capture()).rejects.toMatchObject({ kind: 'unknownOutcome' });
    expect(await capture()).toMatchObject({ report: { status: 'succeeded' } });
    expect(await bookOf(ref.outTradeNo)).toMatchObject({ captures: 1 });
  });

  test('paid when it was already closed is found paid', async () => {
    const { ref } = await create();
    await provider.closePayment(ref);
    await pay(ref.outTradeNo, { force: true });
    expect(await provider.queryPayment(ref)).toMatchObject({ report: { status: 'succeeded' } });
    expect(await provider.closePayment(ref)).toEqual({ kind: 'paid' });
  });

  test.each([
    ['query', 'http500', 'unknownOutcome'],
    ['query', 'rateLimited', 'retryable'],
    ['query', 'malformed', 'unknownOutcome'],
    ['close', 'http500', 'unknownOutcome'],
    ['close', 'executedThenTimeout', 'unknownOutcome'],
  ])('whose %s meets %s has a fault and then an answer', async (call, kind, fault) => {
    const { ref } = await create();
    const ask = () => (call === 'query' ? provider.queryPayment(ref) : provider.closePayment(ref));
    await atConsole('POST', 'faults', { call, kind });
    await expect(ask()).rejects.toMatchObject({
      kind: fault,
      ...(kind === 'rateLimited' && { retryAfterMs: 1000 }),
    });
    expect(await ask()).toMatchObject({ kind: call === 'query' ? 'reported' : 'closed' });
  });

  test('is surely not asked for where nobody listens', async () => {
    const { settings, credentials } = sandbox;
    const gone = openAccount({
      settings: { ...settings, apiUrl: 'http://127.0.0.1:1' },
      credentials,
    });
    await expect(gone.createPayment(terms())).rejects.toMatchObject({ kind: 'retryable' });
  });

  test('with a wrong key needs a person', async () => {
    const { settings, credentials } = sandbox;
    const wrong = openAccount({
      settings,
      credentials: { ...credentials, secretKey: 'sk_test_wrong' },
    });
    await expect(wrong.createPayment(terms())).rejects.toMatchObject({ kind: 'misconfigured' });
  });

  test('of another mode than the account’s needs a person', async () => {
    const { body } = await atConsole('POST', 'accounts', { mode: 'live' });
    const mixed = openAccount({
      settings: { ...sandbox.settings, accountId: body.account },
      credentials: { ...sandbox.credentials, secretKey: body.secretKey.replace('live', 'test') },
    });
    await expect(mixed.createPayment(terms())).rejects.toMatchObject({ kind: 'misconfigured' });
  });
});

describe('a key', () => {
  const post = (key: string, amount: number, auth = sandbox.credentials['secretKey']) =>
    fetch(`${simulator.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${auth}`, 'idempotency-key': key },
      body: new URLSearchParams({ amount: String(amount), currency: 'usd' }),
    });

  test('replays its first answer, also a 500, and refuses other parameters', async () => {
    await atConsole('POST', 'faults', { call: 'create', kind: 'http500' });
    const first = await post('k1', 100);
    const again = await post('k1', 100);
    expect([first.status, again.status]).toEqual([500, 500]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('stripe-should-retry')).toBe('false');
    expect(await again.text()).toBe(await first.text());
    const other = await post('k1', 200);
    expect(other.status).toBe(400);
    expect(await other.json()).toMatchObject({ error: { type: 'idempotency_error' } });
  });

  test('in use is refused for the moment', async () => {
    await atConsole('POST', 'faults', { call: 'create', kind: 'delay', delayMs: 300 });
    const first = post('k2', 100);
    await until('the first is under way', async () => {
      const { body } = await atConsole('GET', `book?account=${sandbox.account}`);
      return body.payments.length > 0;
    });
    const second = await post('k2', 100);
    expect(second.status).toBe(409);
    expect(await second.json()).toMatchObject({ error: { code: 'lock_timeout' } });
    expect((await first).status).toBe(200);
  });
});

test('a simulator started again knows its payments, its keys and its accounts', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'stripe-sim-'));
  const first = await startStripeSimulator({ port: 0, dataDir });
  const { settings, credentials } = await openStripeSandbox({ simulatorUrl: first.url });
  const input = terms();
  const created = await openAccount({ settings, credentials }).createPayment(input);
  await atConsole('POST', `payments/${input.outTradeNo}/pay`, {}, first.url);
  await first.stop();
  const second = await startStripeSimulator({ port: 0, dataDir });
  const again = openAccount({ settings: { ...settings, apiUrl: second.url }, credentials });
  expect(await again.createPayment(input)).toEqual(created);
  const { body } = await atConsole('GET', 'book', undefined, second.url);
  expect(body.payments).toMatchObject([{ outTradeNo: input.outTradeNo, captures: 1 }]);
  await second.stop();
  await rm(dataDir, { recursive: true });
});

test('a search that is behind does not find a payment yet, and its handle does', async () => {
  const slow = await startStripeSimulator({ port: 0, searchDelayMs: 60_000 });
  const behind = openAccount(await openStripeSandbox({ simulatorUrl: slow.url }));
  const input = terms();
  const created = await behind.createPayment(input);
  const { outTradeNo, amountMinor, currency } = input;
  const ref = { outTradeNo, amountMinor, currency, providerTradeNo: null };
  const lost = await behind.queryPayment({ ...ref, providerRef: null });
  expect(lost).toMatchObject({ report: { status: 'absent' } });
  const providerRef = created.kind === 'created' ? created.providerRef : null;
  expect(await behind.queryPayment({ ...ref, providerRef })).toMatchObject({
    report: { status: 'pending' },
  });
  await slow.stop();
});

test('two refunds under two keys are two, whatever their metadata: the book hides nothing', async () => {
  const { ref } = await createPaid();
  const { providerTradeNo } = await bookOf(ref.outTradeNo);
  for (const key of ['r1', 'r2']) {
    const words = { payment_intent: providerTradeNo, amount: '100', 'metadata[refund_no]': 'same' };
    const { status } = await fetch(`${simulator.url}/v1/refunds`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${sandbox.credentials['secretKey']}`,
        'idempotency-key': key,
      },
      body: new URLSearchParams(words),
    });
    expect(status).toBe(200);
  }
  expect((await bookOf(ref.outTradeNo)).refunds).toHaveLength(2);
});

describe('a refund', () => {
  test('is made once under its number, and told as a refund', async () => {
    const { ref } = await createPaid();
    const input = refundOf(ref, 400);
    const succeeded = {
      kind: 'reported',
      report: { status: 'succeeded', refundedMinor: 400, currency: 'EUR' },
    };
    expect(await provider.refund(input)).toMatchObject(succeeded);
    expect(await provider.refund(input)).toMatchObject(succeeded);
    expect(await provider.queryRefund({ ...input, providerRefundNo: null })).toMatchObject(
      succeeded,
    );
    expect((await bookOf(ref.outTradeNo)).refunds).toMatchObject([
      { refundNo: input.refundNo, amountMinor: 400, executions: 1 },
    ]);
    const [told] = await heard('refund.updated');
    expect(told).toMatchObject({
      events: [
        {
          binding: { outTradeNo: ref.outTradeNo },
          news: { kind: 'refund', refundNo: input.refundNo },
        },
      ],
    });
    expect(await heard('charge.refunded')).toEqual([{ kind: 'verified', events: [] }]);
  });

  test('repeated with another amount is refused', async () => {
    const { ref } = await createPaid();
    const input = refundOf(ref, 400);
    await provider.refund(input);
    expect(await provider.refund({ ...input, refundMinor: 500 })).toMatchObject({
      kind: 'invalidState',
      code: 'REFUND_NUMBER_USED',
    });
  });

  test('repeated after its key is forgotten is found by its number, and not made again', async () => {
    const { ref } = await createPaid();
    const input = refundOf(ref, 400);
    await provider.refund(input);
    const requests = { call: 'refund', kind: 'http500' };
    await atConsole('POST', 'faults', requests);
    expect(await provider.refund(input)).toMatchObject({ report: { status: 'succeeded' } });
  });

  test('of more than is left, or of nothing paid, is refused', async () => {
    const { ref } = await createPaid();
    await provider.refund(refundOf(ref, 1000));
    expect(await provider.refund(refundOf(ref, 251))).toMatchObject({ kind: 'invalidState' });
    await provider.refund(refundOf(ref, 250));
    expect(await provider.refund(refundOf(ref, 1))).toMatchObject({
      code: 'charge_already_refunded',
    });
    const unpaid = await create();
    expect(await provider.refund(refundOf(unpaid.ref, 1))).toMatchObject({ kind: 'invalidState' });
  });

  test.each(['executedThenTimeout', 'timeoutBefore', 'http500', 'systemError', 'malformed'])(
    'that met %s has an unknown outcome and is made once by the repeat',
    async (kind) => {
      const { ref } = await createPaid();
      const input = refundOf(ref, 400);
      await atConsole('POST', 'faults', { call: 'refund', kind });
      await expect(provider.refund(input)).rejects.toMatchObject({ kind: 'unknownOutcome' });
      expect(await provider.refund(input)).toMatchObject({ report: { status: 'succeeded' } });
      expect((await bookOf(ref.outTradeNo)).refunds).toHaveLength(1);
    },
  );

  test('that is pending and fails later needs attention', async () => {
    const { ref } = await createPaid();
    await atConsole('POST', `accounts/${sandbox.account}/style`, { refunds: 'pending' });
    const input = refundOf(ref, 400);
    expect(await provider.refund(input)).toMatchObject({ report: { status: 'pending' } });
    await atConsole('POST', `refunds/${input.refundNo}/bounce`, { account: sandbox.account });
    const [told] = await heard('refund.failed');
    expect(told).toMatchObject({ events: [{ news: { refundNo: input.refundNo } }] });
    expect(await provider.queryRefund({ ...input, providerRefundNo: null })).toMatchObject({
      report: { status: 'needs_attention', code: 'expired_or_canceled_card' },
    });
  });

  test('that is to bounce by the script is accepted and fails', async () => {
    const { ref } = await createPaid();
    await atConsole('POST', 'faults', { call: 'refund', kind: 'bounce' });
    const input = refundOf(ref, 400);
    expect(await provider.refund(input)).toMatchObject({ report: { status: 'pending' } });
    await until('the bounce', async () => {
      const { report } = await provider.queryRefund({ ...input, providerRefundNo: null });
      return report.status === 'needs_attention';
    });
  });

  test('made in the Dashboard is known by Stripe’s numbers', async () => {
    const { ref } = await createPaid();
    await atConsole('POST', `payments/${ref.outTradeNo}/refund`, {
      account: sandbox.account,
      amountMinor: 300,
    });
    const { refunds, providerTradeNo } = await bookOf(ref.outTradeNo);
    const { providerRefundNo } = refunds[0];
    const [told] = await heard('refund.updated');
    expect(told).toMatchObject({
      events: [
        {
          binding: { outTradeNo: ref.outTradeNo, providerTradeNo },
          news: { kind: 'refund', refundNo: providerRefundNo, providerRefundNo },
        },
      ],
    });
    for (const known of [providerRefundNo, null]) {
      const query = { payment: ref, refundNo: providerRefundNo, providerRefundNo: known };
      expect(await provider.queryRefund(query)).toMatchObject({
        report: { status: 'succeeded', refundedMinor: 300 },
      });
    }
  });

  test('nobody made is absent, and one of another payment is not believed', async () => {
    const { ref } = await createPaid();
    const other = await createPaid();
    const query = { ...refundOf(ref, 1), providerRefundNo: null };
    expect(await provider.queryRefund(query)).toMatchObject({ report: { status: 'absent' } });
    await provider.refund(refundOf(other.ref, 100));
    const { providerRefundNo } = (await bookOf(other.ref.outTradeNo)).refunds[0];
    await expect(provider.queryRefund({ ...query, providerRefundNo })).rejects.toMatchObject({
      kind: 'unknownOutcome',
    });
  });
});

test.each([true, false])(
  'a dispute is told when it opens and when it is decided (won: %s)',
  async (won) => {
    const { ref } = await createPaid();
    await atConsole('POST', `payments/${ref.outTradeNo}/dispute`, {
      account: sandbox.account,
      amountMinor: 800,
    });
    const { disputes, providerTradeNo } = await bookOf(ref.outTradeNo);
    const { disputeNo } = disputes[0];
    const report = { disputeNo, amountMinor: 800, currency: 'EUR', reason: 'fraudulent' };
    const [opened] = await heard('charge.dispute.created');
    expect(opened).toMatchObject({
      events: [
        {
          binding: { outTradeNo: ref.outTradeNo, providerTradeNo },
          news: { kind: 'dispute', report: { ...report, status: 'open' } },
        },
      ],
    });
    expect(await provider.refund(refundOf(ref, 1))).toMatchObject({ code: 'charge_disputed' });
    await atConsole('POST', `disputes/${disputeNo}/close`, { won });
    const [closed] = await heard('charge.dispute.closed');
    expect(closed).toMatchObject({
      events: [{ news: { kind: 'dispute', report: { ...report, status: won ? 'won' : 'lost' } } }],
    });
  },
);

describe('a notification', () => {
  async function struck(kind: string, body: object = {}) {
    const { ref, input } = await create();
    await atConsole('POST', 'faults', {
      call: 'notify',
      kind,
      outTradeNo: ref.outTradeNo,
      ...body,
    });
    await pay(ref.outTradeNo);
    return { input, ref };
  }

  test('that is forged is rejected', async () => {
    await struck('forged');
    expect(await heard('payment_intent.succeeded')).toEqual([
      { kind: 'rejected', reason: 'wrong signature' },
    ]);
  });

  test('that is replayed long after is rejected', async () => {
    await struck('replayed');
    const parsed = await heard('payment_intent.succeeded', 2);
    expect(parsed.map(({ kind }) => kind)).toEqual(['verified', 'rejected']);
  });

  test('for another mode, account or amount says so', async () => {
    await struck('wrongApp');
    await struck('wrongSeller');
    await struck('wrongAmount');
    const parsed = await heard('payment_intent.succeeded', 3);
    const events = parsed.flatMap((it) => (it.kind === 'verified' ? it.events : []));
    expect(events).toContainEqual(
      expect.objectContaining({ binding: expect.objectContaining({ appId: 'live' }) }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        binding: expect.objectContaining({ sellerId: 'acct_1AnotherMerchant' }),
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        news: { kind: 'payment', report: expect.objectContaining({ paidMinor: 1350 }) },
      }),
    );
  });

  test('with one bit changed is rejected', async () => {
    await createPaid();
    await heard('payment_intent.succeeded');
    const [delivery] = deliveries;
    const changed = { ...delivery!, rawBody: delivery!.rawBody.replace('1250', '1251') };
    expect(await provider.parseNotification(changed)).toMatchObject({ kind: 'rejected' });
  });

  test('is sent again until it is acknowledged', async () => {
    answers = [500, 500];
    const { ref } = await createPaid();
    const parsed = await heard('payment_intent.succeeded', 3);
    const ids = parsed.flatMap((it) =>
      it.kind === 'verified' ? it.events.map(({ notificationId }) => notificationId) : [],
    );
    expect(new Set(ids).size).toBe(1);
    await until('the acknowledgement', async () => {
      const { notifications } = await bookOf(ref.outTradeNo);
      return notifications.every(({ end }: { end: string }) => end === 'acknowledged');
    });
  });

  test('is verified by the old and by the new secret while they are rotated', async () => {
    const { body } = await atConsole('POST', 'rotate', { account: sandbox.account });
    await createPaid();
    expect(await heard('payment_intent.succeeded')).toMatchObject([{ kind: 'verified' }]);
    const { settings, credentials } = sandbox;
    const both = `${body.webhookSecret},${credentials['webhookSecrets']}`;
    for (const webhookSecrets of [body.webhookSecret, both]) {
      const rotated = openAccount({ settings, credentials: { ...credentials, webhookSecrets } });
      expect(await rotated.parseNotification(deliveries[0]!)).toMatchObject({ kind: 'verified' });
    }
  });

  test('of a Session says what became of it', async () => {
    const { ref } = await createPaid({ method: 'stripe.checkout' });
    expect(await heard('checkout.session.completed')).toMatchObject([
      {
        events: [
          {
            binding: { outTradeNo: ref.outTradeNo },
            news: { kind: 'payment', report: { status: 'succeeded', paidMinor: 1250 } },
          },
        ],
      },
    ]);
    const unpaid = await create({ method: 'stripe.checkout' });
    await provider.closePayment(unpaid.ref);
    expect(await heard('checkout.session.expired')).toMatchObject([
      { events: [{ news: { report: { status: 'closed' } } }] },
    ]);
  });

  test('of no kind we know is acknowledged and means nothing', async () => {
    const event = {
      object: 'event',
      id: 'evt_1',
      created: 1,
      livemode: false,
      data: { object: {} },
    };
    for (const type of ['customer.created', 'payment_intent.succeeded', 'charge.dispute.created']) {
      const body = JSON.stringify({ ...event, type });
      expect(await provider.parseNotification(signed(body))).toEqual({
        kind: 'verified',
        events: [],
      });
    }
    for (const junk of [
      '',
      'null',
      '[]',
      '{"object":"v2.core.event"}',
      '{"object":"event"}',
      '5',
    ]) {
      expect(await provider.parseNotification(signed(junk))).toMatchObject({ kind: 'rejected' });
    }
  });
});

test('an event of a version that is not understood is taken, and said so', async () => {
  const { ref } = await createPaid();
  await heard('payment_intent.succeeded');
  const told = deliveries.find(({ rawBody }) => rawBody.includes('payment_intent.succeeded'))!;
  const old = told.rawBody.replace('2026-10-28.endive', '2020-08-27');
  expect(await provider.parseNotification(signed(old))).toMatchObject({
    kind: 'verified',
    notice: expect.stringContaining('2020-08-27'),
    events: [{ binding: { outTradeNo: ref.outTradeNo } }],
  });
  expect(await provider.parseNotification(told)).not.toHaveProperty('notice');
});

describe('a thin event', () => {
  beforeEach(async () => {
    await atConsole('POST', `accounts/${sandbox.account}/style`, { style: 'thin' });
  });

  test.each(methods)('of a payment by %s is a hint bound to it', async (method) => {
    const { ref, input } = await createPaid({ method });
    const types = ['v1.payment_intent.succeeded', 'v1.checkout.session.completed'];
    for (const type of method === 'stripe.checkout' ? types : types.slice(0, 1)) {
      expect(await heard(type)).toMatchObject([
        {
          kind: 'verified',
          events: [{ binding: bindingOf(input), news: { kind: 'hint' } }],
        },
      ]);
    }
    await provider.refund(refundOf(ref, 100, 'refundnumber1'));
    expect(await heard('v1.refund.updated')).toMatchObject([
      { events: [{ news: { kind: 'refund', refundNo: 'refundnumber1' } }] },
    ]);
    expect(await heard('v1.charge.refunded')).toEqual([{ kind: 'verified', events: [] }]);
  });

  test('of a dispute carries what Stripe says of it', async () => {
    const { ref } = await createPaid();
    await atConsole('POST', `payments/${ref.outTradeNo}/dispute`, { account: sandbox.account });
    expect(await heard('v1.charge.dispute.created')).toMatchObject([
      { events: [{ news: { kind: 'dispute', report: { status: 'open', amountMinor: 1250 } } }] },
    ]);
  });

  test('is to be sent again while Stripe cannot be asked', async () => {
    await createPaid();
    await heard('v1.payment_intent.succeeded');
    await atConsole('POST', 'faults', { call: 'query', kind: 'timeoutBefore' });
    expect(await provider.parseNotification(deliveries[0]!)).toMatchObject({ kind: 'retryLater' });
  });

  test('of another account says so', async () => {
    const { ref } = await create();
    await atConsole('POST', 'faults', { call: 'notify', kind: 'wrongSeller' });
    await pay(ref.outTradeNo);
    expect(await heard('v1.payment_intent.succeeded')).toMatchObject([
      { events: [{ binding: { sellerId: 'acct_1AnotherMerchant' } }] },
    ]);
  });

  test('that is forged is rejected', async () => {
    const { ref } = await create();
    await atConsole('POST', 'faults', { call: 'notify', kind: 'forged' });
    await pay(ref.outTradeNo);
    expect(await heard('v1.payment_intent.succeeded')).toMatchObject([{ kind: 'rejected' }]);
  });
});

describe('a statement', () => {
  test('lists the payments and refunds of its UTC day, and no others', async () => {
    const day = '2026-03-05';
    const payments = Array.from({ length: 250 }, (_, i) => ({
      outTradeNo: newNo('seed'),
      amountMinor: 1000 + i,
      currency: i % 2 ? 'USD' : 'ISK',
      paidAt: new Date(Date.parse(`${day}T00:00:00Z`) + i * 345_000).toISOString(),
      refunds: i === 7 ? [{ refundNo: 'seedrefund1', amountMinor: 5, at: `${day}T23:59:59Z` }] : [],
    }));
    const edges = [`2026-03-04T23:59:59Z`, `2026-03-06T00:00:00Z`].map((paidAt) => ({
      outTradeNo: newNo('seed'),
      amountMinor: 1,
      currency: 'USD',
      paidAt,
    }));
    const { account } = sandbox;
    await atConsole('POST', 'seed', { account, payments: [...payments, ...edges] });
    const entries = await entriesOf(day);
    const paid = entries.filter(({ kind }) => kind === 'payment');
    expect(paid.map(({ outTradeNo, amountMinor, at }) => [outTradeNo, amountMinor, at])).toEqual(
      payments
        .map(({ outTradeNo, amountMinor, paidAt }) => [outTradeNo, amountMinor, paidAt])
        .reverse(),
    );
    expect(paid.every(({ feeMinor }) => feeMinor !== null)).toBe(true);
    expect(entries.filter(({ kind }) => kind === 'refund')).toMatchObject([
      { refundNo: 'seedrefund1', outTradeNo: payments[7]!.outTradeNo, amountMinor: 5 },
    ]);
  });

  test('names the payment of a refund made in the Dashboard', async () => {
    const { ref } = await createPaid();
    const body = { account: sandbox.account, amountMinor: 300 };
    await atConsole('POST', `payments/${ref.outTradeNo}/refund`, body);
    const { settings, credentials } = sandbox;
    const sameDayStatements = 'true';
    provider = openAccount({ settings: { ...settings, sameDayStatements }, credentials });
    const { refunds, paidAt } = await bookOf(ref.outTradeNo);
    const { providerRefundNo } = refunds[0];
    expect(await entriesOf(paidAt.slice(0, 10))).toMatchObject([
      { kind: 'refund', outTradeNo: ref.outTradeNo, refundNo: providerRefundNo, amountMinor: 300 },
      { kind: 'payment', outTradeNo: ref.outTradeNo, amountMinor: 1250 },
    ]);
  });

  test('has a back-dated payment where its notification puts it', async () => {
    const { ref } = await create();
    const at = '2026-04-01T12:00:00.000Z';
    await pay(ref.outTradeNo, { at });
    expect(await heard('payment_intent.succeeded')).toMatchObject([
      { events: [{ news: { report: { paidAt: at } } }] },
    ]);
    expect(await entriesOf('2026-04-01')).toMatchObject([{ outTradeNo: ref.outTradeNo, at }]);
  });

  test('is not ready before its day is over', async () => {
    const date = new Date().toISOString().slice(0, 10);
    expect(await provider.fetchStatement({ date })).toEqual({ kind: 'notReady' });
  });
});

describe('the payer', () => {
  test('pays on the hosted page and comes back to the shop', async () => {
    const { created, ref } = await create({ method: 'stripe.checkout' });
    const { url } = created.nextAction as { url: string };
    const page = await (await fetch(url)).text();
    expect(page).toContain('Pay EUR 12.50');
    const left = await fetch(`${url}/cancel`, { method: 'POST', redirect: 'manual' });
    expect(left.headers.get('location')).toBe('https://shop.test/back?a=1');
    const paid = await fetch(`${url}/pay`, { method: 'POST', redirect: 'manual' });
    expect(paid.headers.get('location')).toBe('https://shop.test/back?a=1');
    expect(await bookOf(ref.outTradeNo)).toMatchObject({ status: 'paid', captures: 1 });
    expect(await (await fetch(url)).text()).toContain('Paid');
  });

  test('pays with the client secret, on its page or by the API', async () => {
    const { created, ref } = await create();
    const { clientSecret } = created.nextAction as { clientSecret: string };
    const paid = await fetch(`${simulator.url}/pay/${clientSecret}/pay`, { method: 'POST' });
    expect(await paid.text()).toContain('Paid');
    const other = await create();
    const confirm = (secret: string) =>
      fetch(`${simulator.url}/v1/payment_intents/${other.ref.providerRef}/confirm`, {
        method: 'POST',
        headers: { authorization: `Bearer ${sandbox.settings['publishableKey']}` },
        body: new URLSearchParams({ client_secret: secret }),
      });
    expect((await confirm('wrong')).status).toBe(400);
    const secret = (other.created.nextAction as { clientSecret: string }).clientSecret;
    expect((await confirm(secret)).status).toBe(200);
    for (const { outTradeNo } of [ref, other.ref]) {
      expect(await bookOf(outTradeNo)).toMatchObject({ status: 'paid' });
    }
  });
});

describe('whatever fails on the way', () => {
  const kinds = [
    'executedThenTimeout',
    'timeoutBefore',
    'http500',
    'systemError',
    'rateLimited',
    'malformed',
  ];

  /** As a workflow would: every fault is followed by the same call again. */
  async function insist<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (let tries = 0; tries < 100; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof ProviderFault) || error.kind === 'misconfigured') throw error;
      }
    }
    throw new Error('100 tries in vain');
  }

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'money is taken once and given back once (seed %d)',
    async (seed) => {
      const faults = kinds.map((kind) => ({
        kind,
        probability: 0.08,
        seed: seed * 7 + kind.length,
      }));
      await atConsole('POST', 'faults', faults);
      const method = methods[seed % 2]!;
      const capture = seed % 4 < 2 ? 'automatic' : 'manual';
      const input = terms({ method, capture });
      const created = await insist(() => provider.createPayment(input));
      const { outTradeNo, amountMinor, currency } = input;
      const providerRef = created.kind === 'created' ? created.providerRef : null;
      const ref = { outTradeNo, amountMinor, currency, providerRef, providerTradeNo: null };
      await pay(outTradeNo);
      await insist(() => provider.capturePayment!({ ...ref, captureMinor: 1000 }));
      const refunds = [refundOf(ref, 300), refundOf(ref, 700)];
      for (const refund of refunds) {
        expect(await insist(() => provider.refund(refund))).toMatchObject({
          report: { status: 'succeeded', refundedMinor: refund.refundMinor },
        });
      }
      expect(await insist(() => provider.closePayment(ref))).toEqual({ kind: 'paid' });

      const { body } = await atConsole('GET', `book?account=${sandbox.account}`);
      const paid = body.payments.filter((payment: { captures: number }) => payment.captures > 0);
      expect(paid).toMatchObject([{ outTradeNo, captures: 1 }]);
      expect(paid[0].refunds).toMatchObject(
        refunds.map(({ refundNo, refundMinor }) => ({
          refundNo,
          amountMinor: refundMinor,
          executions: 1,
        })),
      );
    },
  );
});
