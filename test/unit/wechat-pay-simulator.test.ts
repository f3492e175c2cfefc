import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';
import type {
  CreatePaymentInput,
  ParsedNotification,
  PaymentRef,
  Provider,
  StatementEntry,
} from '../../providers/provider.ts';
import type { Simulator } from '../../simulators/kit/serve.ts';
import type { PaymentView } from '../../simulators/kit/view.ts';
import { openAccount } from '../../providers/wechat-pay/open-account.ts';
import { openWechatPaySandbox } from '../../providers/wechat-pay/sandbox.ts';
import type { Sandbox } from '../../providers/wechat-pay/sandbox.ts';
import { tradesOf } from '../support/trades-of.ts';
import type { TradeEntry } from '../support/trades-of.ts';
import { startWechatPaySimulator } from '../../simulators/wechat-pay/server.ts';

type Delivery = { parsed: ParsedNotification; status: number };
type Merchant = { sandbox: Sandbox; provider: Provider; deliveries: Delivery[]; notifyUrl: string };

let simulator: Simulator;
let shop: Merchant;
let cashier: Merchant;
const stops: (() => Promise<unknown>)[] = [];
let lastNumber = 0;

beforeAll(async () => {
  simulator = await startWechatPaySimulator({ port: 0, notifyDelayScale: 0.001 });
  stops.push(() => simulator.stop());
  await rotate('publicKey');
  shop = await openShop('instant');
  cashier = await openShop('manual');
});

afterEach(() => tell('DELETE', '/faults'));

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => unknown,
): Promise<string> {
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => void answer(request, response, body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function plain(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
  );
}

async function openShop(refunds: 'instant' | 'manual'): Promise<Merchant> {
  const sandbox = await openWechatPaySandbox({ simulatorUrl: simulator.url, refunds });
  const provider = openAccount(sandbox);
  const deliveries: Delivery[] = [];
  const notifyUrl = await listen(async ({ headers }, response, rawBody) => {
    const parsed = await provider.parseNotification({ rawBody, headers: plain(headers) });
    const answers = {
      verified: 'accepted',
      rejected: 'rejected',
      retryLater: 'retryLater',
    } as const;
    const { status, body, contentType } = provider.acknowledge(answers[parsed.kind]);
    deliveries.push({ parsed, status });
    response.writeHead(status, { 'content-type': contentType }).end(body);
  });
  return { sandbox, provider, deliveries, notifyUrl };
}

async function tell(method: string, path: string, body?: unknown): Promise<Response> {
  const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
  return fetch(`${simulator.url}/console${path}`, init);
}

async function told(method: string, path: string, body?: unknown): Promise<PaymentView> {
  const response = await tell(method, path, body);
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as PaymentView;
}

/** Waits for a condition; the test's own limit ends it. */
async function until<Value>(
  look: () => Promise<Value | undefined | null | false> | Value | undefined | null | false,
): Promise<Value> {
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== null && value !== false) return value;
    await sleep(5);
  }
}

async function rotate(to: string): Promise<string> {
  const { serial } = (await (await tell('POST', '/rotate', { to })).json()) as { serial: string };
  return serial;
}

const newNumber = () => `order${String((lastNumber += 1)).padStart(6, '0')}`;

function orderOf(merchant: Merchant, change: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return {
    outTradeNo: newNumber(),
    method: 'wechat-pay.native',
    amountMinor: 1250,
    currency: 'CNY',
    subject: '热茶, 100%',
    expiresAt: new Date(Date.now() + 600_000).toISOString(),
    notifyUrl: merchant.notifyUrl,
    returnUrl: 'https://shop.test/done?a=1&b=2',
    capture: 'automatic',
    payer: {},
    ...change,
  };
}

function refOf({ outTradeNo, amountMinor, currency }: CreatePaymentInput): PaymentRef {
  return { outTradeNo, providerRef: null, providerTradeNo: null, amountMinor, currency };
}

function refundOf(order: CreatePaymentInput, refundMinor: number, refundNo = `r${newNumber()}`) {
  return {
    payment: refOf(order),
    refundNo,
    providerRefundNo: null,
    refundMinor,
    capturedMinor: order.amountMinor,
    reason: 'changed their mind',
    notifyUrl: order.notifyUrl,
  };
}

async function paidOrder(merchant: Merchant): Promise<CreatePaymentInput> {
  const order = orderOf(merchant);
  await merchant.provider.createPayment(order);
  await told('POST', `/payments/${order.outTradeNo}/pay`);
  await until(async () => (await look(order)).notifications[0]?.end === 'acknowledged');
  return order;
}

const look = (order: CreatePaymentInput) => told('GET', `/payments/${order.outTradeNo}`);

/** The news of one order so far, and how each was answered. */
function newsOf({ deliveries }: Merchant, { outTradeNo }: CreatePaymentInput) {
  return deliveries.flatMap(({ parsed }) =>
    parsed.kind === 'verified'
      ? parsed.events.filter(({ binding }) => binding.outTradeNo === outTradeNo)
      : [],
  );
}

describe('an order', () => {
  test('is paid: pending before, notified and succeeded after', async () => {
    const { provider, sandbox } = shop;
    const order = orderOf(shop);
    expect(await provider.queryPayment(refOf(order))).toEqual({
      kind: 'reported',
      report: { status: 'absent' },
    });
    const created = await provider.createPayment(order);
    expect(created).toMatchObject({ kind: 'created', nextAction: { kind: 'qr' } });
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'pending' },
    });
    await told('POST', `/payments/${order.outTradeNo}/pay`);
    const [event] = await until(() => {
      const news = newsOf(shop, order);
      return news.length > 0 && news;
    });
    const report = { status: 'succeeded', paidMinor: 1250, currency: 'CNY' };
    expect(event).toMatchObject({ news: { kind: 'payment', report } });
    const { appId, mchId } = sandbox.settings;
    expect(event?.binding).toMatchObject({ appId, sellerId: mchId });
    expect(await provider.queryPayment(refOf(order))).toMatchObject({ report });
    expect(await provider.closePayment(refOf(order))).toEqual({ kind: 'paid' });
    expect(await provider.createPayment(order)).toMatchObject({ kind: 'invalidState' });
    expect(await look(order)).toMatchObject({ captures: 1, capturedMinor: 1250 });
  });

  test('asked for again in the same terms has the same code; other terms are refused', async () => {
    const order = orderOf(shop);
    const first = await shop.provider.createPayment(order);
    expect(await shop.provider.createPayment(order)).toEqual(first);
    expect(await shop.provider.createPayment({ ...order, amountMinor: 1 })).toMatchObject({
      kind: 'invalidState',
      code: 'OUT_TRADE_NO_USED',
    });
  });

  test('that has expired can no longer be paid, and stays open until it is closed', async () => {
    const { provider } = shop;
    const expiresAtMs = Math.ceil(Date.now() / 1000) * 1000 + 1000;
    const order = orderOf(shop, { expiresAt: new Date(expiresAtMs).toISOString() });
    await provider.createPayment(order);
    await until(() => Date.now() >= expiresAtMs);
    expect((await tell('POST', `/payments/${order.outTradeNo}/pay`)).status).toBe(409);
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'pending' },
    });
    expect(await provider.closePayment(refOf(order))).toEqual({ kind: 'closed' });
  });

  test('is closed once and for all', async () => {
    const order = orderOf(shop);
    const { provider } = shop;
    expect(await provider.closePayment(refOf(order))).toEqual({ kind: 'absent' });
    await provider.createPayment(order);
    expect(await provider.closePayment(refOf(order))).toEqual({ kind: 'closed' });
    expect(await provider.closePayment(refOf(order))).toEqual({ kind: 'closed' });
    expect(await provider.createPayment(order)).toMatchObject({
      kind: 'invalidState',
      code: 'ORDER_CLOSED',
    });
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'closed' },
    });
    expect((await tell('POST', `/payments/${order.outTradeNo}/pay`)).status).toBe(409);
    await told('POST', `/payments/${order.outTradeNo}/pay`, { force: true });
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'succeeded' },
    });
  });

  test('inside WeChat is paid with parameters signed by us', async () => {
    const order = orderOf(shop, { method: 'wechat-pay.jsapi', payer: { providerUserId: 'oABC' } });
    const created = await shop.provider.createPayment(order);
    if (created.kind !== 'created' || created.nextAction.kind !== 'jsapi') throw new Error('no');
    const { params } = created.nextAction;
    expect(params).toMatchObject({ appId: shop.sandbox.settings['appId'], signType: 'RSA' });
    expect(params['package']).toBe(`prepay_id=${created.providerRef}`);
    const text = ['appId', 'timeStamp', 'nonceStr', 'package'].map((name) => `${params[name]}\n`);
    const key = createPublicKey(shop.sandbox.credentials['privateKey'] ?? '');
    const signature = Buffer.from(params['paySign'] ?? '', 'base64');
    expect(verify('RSA-SHA256', Buffer.from(text.join('')), key, signature)).toBe(true);
  });

  test('in a mobile browser is paid on their page, which leads back to ours', async () => {
    const order = orderOf(shop, { method: 'wechat-pay.h5', payer: { ip: '203.0.113.9' } });
    const created = await shop.provider.createPayment(order);
    if (created.kind !== 'created' || created.nextAction.kind !== 'redirect') throw new Error('no');
    const { url } = created.nextAction;
    expect(new URL(url).searchParams.get('redirect_url')).toBe(order.returnUrl);
    expect(await (await fetch(url)).text()).toContain('Pay ¥12.50');
    const paying = await fetch(url.replace(/\?.*/, '/pay'), {
      method: 'POST',
      body: new URLSearchParams({ redirect_url: order.returnUrl }),
      redirect: 'manual',
    });
    expect(paying.headers.get('location')).toBe(order.returnUrl);
    expect((await look(order)).status).toBe('paid');
  });

  test.each([
    ['without an openid', { method: 'wechat-pay.jsapi' }],
    ['without an address', { method: 'wechat-pay.h5' }],
    ['in dollars', { currency: 'USD' }],
    ['too late', { expiresAt: '2026-01-01T00:00:00Z' }],
  ])('%s is declined', async (_what, change) => {
    expect(await shop.provider.createPayment(orderOf(shop, change))).toMatchObject({
      kind: 'declined',
    });
  });

  test('with a number they do not take is our mistake', async () => {
    expect(await shop.provider.createPayment(orderOf(shop, { outTradeNo: 'abc' }))).toMatchObject({
      kind: 'declined',
      code: 'PARAM_ERROR',
      isOurMistake: true,
    });
  });
});

describe('a refund', () => {
  test('is pending, then succeeds, and is notified as itself', async () => {
    const { provider } = shop;
    const order = await paidOrder(shop);
    const refund = refundOf(order, 250);
    expect((await provider.queryRefund(refund)).report).toEqual({ status: 'absent' });
    expect(await provider.refund(refund)).toEqual({
      kind: 'reported',
      report: { status: 'pending' },
    });
    const report = await until(async () => {
      const { report } = await provider.queryRefund(refund);
      return report.status === 'succeeded' && report;
    });
    expect(report).toMatchObject({ refundedMinor: 250, currency: 'CNY' });
    const event = await until(() => newsOf(shop, order)[1]);
    expect(event.news).toMatchObject({ kind: 'refund', refundNo: refund.refundNo });
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'succeeded', paidMinor: 1250 },
    });
  });

  test('repeated gives nothing twice; with another amount it is refused', async () => {
    const { provider } = cashier;
    const order = await paidOrder(cashier);
    const refund = refundOf(order, 250);
    await provider.refund(refund);
    await provider.refund(refund);
    expect(await provider.refund({ ...refund, refundMinor: 251 })).toMatchObject({
      kind: 'invalidState',
    });
    expect(await provider.refund(refundOf(order, 1001))).toMatchObject({ kind: 'invalidState' });
    const otherTotal = { ...refundOf(order, 1), capturedMinor: 1249 };
    expect(await provider.refund(otherTotal)).toMatchObject({ kind: 'invalidState' });
    await told('POST', `/refunds/${refund.refundNo}/settle`);
    await provider.refund(refund);
    const { refunds } = await look(order);
    expect(refunds).toMatchObject([{ status: 'succeeded', executions: 1, amountMinor: 250 }]);
  });

  test.each([
    ['bounce', { status: 'needs_attention', code: 'ABNORMAL' }],
    ['close', { status: 'failed', code: 'CLOSED' }],
  ])('that was accepted can end otherwise: %s', async (verb, report) => {
    const order = await paidOrder(cashier);
    const refund = refundOf(order, 1250);
    await cashier.provider.refund(refund);
    await told('POST', `/refunds/${refund.refundNo}/${verb}`);
    expect((await cashier.provider.queryRefund(refund)).report).toMatchObject(report);
    const event = await until(() => newsOf(cashier, order)[1]);
    expect(event.news).toMatchObject({ kind: 'refund', refundNo: refund.refundNo });
  });

  test('bounces by itself where that was scripted', async () => {
    await tell('POST', '/faults', { call: 'refund', kind: 'bounce' });
    const order = await paidOrder(shop);
    const refund = refundOf(order, 1250);
    expect(await shop.provider.refund(refund)).toMatchObject({ report: { status: 'pending' } });
    await until(async () => {
      const { report } = await shop.provider.queryRefund(refund);
      return report.status === 'needs_attention';
    });
    expect((await look(order)).refunds).toMatchObject([{ executions: 0 }]);
  });

  test('made in the portal is told with its number, and can be asked for by it', async () => {
    const order = await paidOrder(shop);
    await told('POST', `/payments/${order.outTradeNo}/refund`, { amountMinor: 300 });
    const { news } = await until(() => newsOf(shop, order)[1]);
    if (news.kind !== 'refund') throw new Error('not of a refund');
    const { refundNo } = news;
    const { report } = await shop.provider.queryRefund(refundOf(order, 300, refundNo));
    expect(report).toMatchObject({ status: 'succeeded', refundedMinor: 300 });
  });

  test('of more than fifty for one order is refused', async () => {
    const order = await paidOrder(cashier);
    for (let i = 0; i < 50; i += 1) await cashier.provider.refund(refundOf(order, 1));
    expect(await cashier.provider.refund(refundOf(order, 1))).toMatchObject({
      kind: 'invalidState',
    });
  });
});

describe('a call', () => {
  const calls = {
    create: (order: CreatePaymentInput) => shop.provider.createPayment(order),
    query: (order: CreatePaymentInput) => shop.provider.queryPayment(refOf(order)),
    close: (order: CreatePaymentInput) => shop.provider.closePayment(refOf(order)),
    refund: (order: CreatePaymentInput) => shop.provider.refund(refundOf(order, 1, 'x')),
    queryRefund: (order: CreatePaymentInput) => shop.provider.queryRefund(refundOf(order, 1, 'x')),
    statement: () => shop.provider.fetchStatement({ date: '2026-01-02' }),
  };
  const faults = [
    ['timeoutBefore', 'unknownOutcome', 'NO_TRUSTED_ANSWER'],
    ['executedThenTimeout', 'unknownOutcome', 'NO_TRUSTED_ANSWER'],
    ['http500', 'unknownOutcome', 'NO_TRUSTED_ANSWER'],
    ['rateLimited', 'retryable', 'FREQUENCY_LIMITED'],
    ['systemError', 'unknownOutcome', 'SYSTEM_ERROR'],
    ['malformed', 'unknownOutcome', 'NO_TRUSTED_ANSWER'],
    ['unsigned', 'unknownOutcome', 'NO_TRUSTED_ANSWER'],
    ['badSignature', 'unknownOutcome', 'NO_TRUSTED_ANSWER'],
  ] as const;
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const cases = names.flatMap((call) => faults.map((fault) => [call, ...fault] as const));

  test.each(cases)('%s struck by %s ends in %s, %s', async (call, kind, fault, code) => {
    await tell('POST', '/faults', { call, kind });
    await expect(calls[call](orderOf(shop))).rejects.toMatchObject({
      name: 'ProviderFault',
      kind: fault,
      code,
    });
    expect(await (await tell('GET', '/faults')).json()).toEqual({ faults: [] });
  });

  test.each(['executedThenTimeout', 'malformed', 'unsigned', 'badSignature'])(
    'that was executed and answered %s is repeated without a second effect',
    async (kind) => {
      const order = orderOf(shop);
      const unknown = { kind: 'unknownOutcome' };
      await tell('POST', '/faults', { call: 'create', kind });
      await expect(shop.provider.createPayment(order)).rejects.toMatchObject(unknown);
      expect((await look(order)).status).toBe('open');
      expect(await shop.provider.createPayment(order)).toMatchObject({ kind: 'created' });
      await told('POST', `/payments/${order.outTradeNo}/pay`);
      const refund = refundOf(order, 400);
      await tell('POST', '/faults', { call: 'refund', kind });
      await expect(shop.provider.refund(refund)).rejects.toMatchObject(unknown);
      expect(await shop.provider.refund(refund)).toMatchObject({ kind: 'reported' });
      expect((await look(order)).refunds).toHaveLength(1);
    },
  );

  test('to nobody is retryable: nothing was sent', async () => {
    const { settings, credentials } = shop.sandbox;
    const gone = { settings: { ...settings, apiUrl: 'http://127.0.0.1:1' }, credentials };
    await expect(openAccount(gone).createPayment(orderOf(shop))).rejects.toMatchObject({
      kind: 'retryable',
      code: 'CONNECT_FAILED',
    });
  });

  test('signed by a key that is not ours is misconfigured', async () => {
    const { settings } = shop.sandbox;
    const { credentials } = cashier.sandbox;
    await expect(
      openAccount({ settings, credentials }).createPayment(orderOf(shop)),
    ).rejects.toMatchObject({ kind: 'misconfigured', code: 'SIGN_ERROR' });
  });

  test.each([
    [404, { code: 'ORDER_NOT_EXIST' }],
    [400, { code: 'ORDER_CLOSED' }],
    [400, { code: 'ORDERPAID' }],
    [404, { code: 'RESOURCE_NOT_EXISTS' }],
    [302, {}],
  ])('answered %d %j without a signature settles nothing', async (status, body) => {
    const apiUrl = await listen((_request, response) =>
      response.writeHead(status, { location: simulator.url }).end(JSON.stringify(body)),
    );
    const { settings, credentials } = shop.sandbox;
    const provider = openAccount({ settings: { ...settings, apiUrl }, credentials });
    const order = orderOf(shop);
    const asked = [
      provider.createPayment(order),
      provider.queryPayment(refOf(order)),
      provider.closePayment(refOf(order)),
      provider.refund(refundOf(order, 1)),
      provider.queryRefund(refundOf(order, 1)),
    ];
    for (const call of asked) {
      await expect(call).rejects.toMatchObject({ kind: 'unknownOutcome' });
    }
  });

  test.each([
    ['misconfigured', 'everything'],
    ['unknownOutcome', 'that call'],
  ])('turned away without a signature is %s when %s is', async (kind, what) => {
    const apiUrl = await listen(async (request, response) => {
      if (what === 'everything' || !request.url?.startsWith('/v3/certificates')) {
        return response.writeHead(401).end('{"code":"SIGN_ERROR"}');
      }
      const genuine = await signedAnswer('/v3/certificates');
      return response.writeHead(200, genuine.headers).end(genuine.body);
    });
    const { settings, credentials } = shop.sandbox;
    const provider = openAccount({ settings: { ...settings, apiUrl }, credentials });
    const order = orderOf(shop);
    await expect(provider.createPayment(order)).rejects.toMatchObject({ kind });
    await expect(provider.refund(refundOf(order, 1))).rejects.toMatchObject({ kind });
  });

  test('is answered about another order: that settles nothing', async () => {
    const order = await paidOrder(shop);
    const apiUrl = await listen(async (_request, response) => {
      const path = `/v3/pay/transactions/out-trade-no/${order.outTradeNo}?mchid=${shop.sandbox.account}`;
      const genuine = await signedAnswer(path);
      response.writeHead(200, genuine.headers).end(genuine.body);
    });
    const { settings, credentials } = shop.sandbox;
    const provider = openAccount({ settings: { ...settings, apiUrl }, credentials });
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'succeeded' },
    });
    await expect(provider.queryPayment(refOf(orderOf(shop)))).rejects.toMatchObject({
      kind: 'unknownOutcome',
    });
  });
});

/** A genuine answer of the simulator, as somebody in between could have kept it. */
async function signedAnswer(path: string) {
  const { settings, credentials, account } = shop.sandbox;
  const [nonce, timestamp] = [Formatter.nonce(), Formatter.timestamp()];
  const key = createPrivateKey(credentials['privateKey'] ?? '');
  const signature = Rsa.sign(Formatter.request('GET', path, timestamp, nonce), key);
  const serial = settings['serialNo'] ?? '';
  const authorization = Formatter.authorization(account, nonce, signature, timestamp, serial);
  const answer = await fetch(simulator.url + path, { headers: { authorization } });
  const names = ['timestamp', 'nonce', 'serial', 'signature'].map((name) => `wechatpay-${name}`);
  const headers = Object.fromEntries(names.map((name) => [name, answer.headers.get(name) ?? '']));
  return { headers, body: await answer.text() };
}

describe('a notification', () => {
  async function notified(kind: string): Promise<{ order: CreatePaymentInput; view: PaymentView }> {
    const order = orderOf(shop);
    await shop.provider.createPayment(order);
    await tell('POST', '/faults', { call: 'notify', kind, outTradeNo: order.outTradeNo });
    await told('POST', `/payments/${order.outTradeNo}/pay`);
    const view = await until(async () => {
      const view = await look(order);
      const hasStruck = view.notifications[0]?.attempts.some(({ fault }) => fault === kind);
      return hasStruck && view.notifications[0]?.end && view;
    });
    return { order, view };
  }

  const outcomesOf = (view: PaymentView) =>
    view.notifications[0]?.attempts.map(({ outcome, httpStatus }) => httpStatus ?? outcome);

  test('that is forged is rejected, and the genuine one after it accepted', async () => {
    const { view } = await notified('forged');
    expect(outcomesOf(view)).toEqual([401, 204]);
  });

  test('that was lost comes again', async () => {
    expect(outcomesOf((await notified('lost')).view)).toEqual(['not_sent', 204]);
    expect((await notified('lostForever')).view.notifications[0]?.end).toBe('lost');
  });

  test('sent twice has the same id twice', async () => {
    const { order } = await notified('duplicate');
    const news = await until(() => {
      const news = newsOf(shop, order);
      return news.length === 2 && news;
    });
    expect(new Set(news.map(({ notificationId }) => notificationId)).size).toBe(1);
  });

  test('replayed long after is rejected', async () => {
    const { order } = await notified('replayed');
    const view = await until(async () => {
      const view = await look(order);
      return view.notifications[0]?.attempts.length === 2 && view;
    });
    expect(outcomesOf(view)).toEqual([204, 401]);
  });

  test.each([
    ['wrongAmount', { news: { report: { paidMinor: 1 } } }],
    ['wrongApp', { binding: { appId: 'wx0000000000000000' } }],
    ['wrongSeller', { binding: { sellerId: '1900000000' } }],
  ])('%s is verified, and says so', async (kind, said) => {
    const { order } = await notified(kind);
    expect(newsOf(shop, order)).toMatchObject([said]);
  });

  test('held back comes after a later one', async () => {
    const first = orderOf(shop);
    await shop.provider.createPayment(first);
    const fault = { call: 'notify', kind: 'reordered', delayMs: 600_000 };
    await tell('POST', '/faults', { ...fault, outTradeNo: first.outTradeNo });
    await told('POST', `/payments/${first.outTradeNo}/pay`);
    await until(async () => (await (await tell('GET', '/faults')).text()) === '{"faults":[]}');
    await paidOrder(shop);
    await until(() => newsOf(shop, first)[0]);
  });

  test('that is a probe is answered as not verified', async () => {
    const order = await paidOrder(shop);
    const attempt = await (await tell('POST', `/probe/${order.outTradeNo}`)).json();
    expect(attempt).toMatchObject({ httpStatus: 401, outcome: 'refused' });
  });

  test('is understood whoever signs it: certificate, public key, new certificate', async () => {
    const merchant = await openShop('instant');
    for (const to of ['certificate', 'publicKey', 'certificate']) {
      expect((await rotate(to)).startsWith('PUB_KEY_ID_')).toBe(to === 'publicKey');
      await paidOrder(merchant);
    }
    expect(merchant.deliveries.map(({ status }) => status)).toEqual([204, 204, 204]);
    // Within the minute of the first look a still newer one has to wait.
    await rotate('newCertificate');
    const order = orderOf(merchant);
    // Answers are signed by the public key that was asked for.
    expect(await merchant.provider.createPayment(order)).toMatchObject({ kind: 'created' });
    await told('POST', `/payments/${order.outTradeNo}/pay`);
    await until(() => merchant.deliveries.some(({ status }) => status === 500));
    await rotate('publicKey');
    await until(() => newsOf(merchant, order)[0]);
  });

  test('of an account without public keys is verified by the certificates it fetches', async () => {
    await rotate('newCertificate');
    const { settings, credentials } = shop.sandbox;
    const { wechatPayPublicKeys: _none, ...rest } = settings;
    const provider = openAccount({ settings: rest, credentials });
    expect(await provider.createPayment(orderOf(shop))).toMatchObject({ kind: 'created' });
    const refused = openAccount({ settings: rest, credentials: cashier.sandbox.credentials });
    await expect(refused.createPayment(orderOf(shop))).rejects.toMatchObject({
      kind: 'misconfigured',
      code: 'CERTIFICATES_REFUSED',
    });
    await rotate('publicKey');
  });

  test('that is never acknowledged is sent sixteen times in all, and can be sent again', async () => {
    let isAwake = false;
    const notifyUrl = await listen((_request, response) =>
      response.writeHead(isAwake ? 200 : 503).end(),
    );
    const other = await startWechatPaySimulator({ port: 0, notifyDelayScale: 0 });
    stops.push(() => other.stop());
    const sandbox = await openWechatPaySandbox({ simulatorUrl: other.url });
    const order = orderOf(shop, { notifyUrl });
    await openAccount(sandbox).createPayment(order);
    const at = (path: string) => `${other.url}/console${path.replace(':no', order.outTradeNo)}`;
    await fetch(at('/payments/:no/pay'), { method: 'POST' });
    const ended = async () => {
      const view = (await (await fetch(at('/payments/:no'))).json()) as PaymentView;
      return view.notifications[0]?.end === 'given_up' && view;
    };
    expect((await until(ended)).notifications[0]?.attempts).toHaveLength(16);
    isAwake = true;
    const resent = await fetch(at('/notifications/:no/resend'), { method: 'POST' });
    expect(await resent.json()).toMatchObject({ notifications: [{ end: 'acknowledged' }] });
  });
});

describe('a statement', () => {
  async function entriesOf(merchant: Merchant, date: string): Promise<TradeEntry[]> {
    const statement = await merchant.provider.fetchStatement({ date });
    if (statement.kind !== 'ready') throw new Error('not ready');
    const entries: StatementEntry[] = [];
    for await (const entry of statement.entries) entries.push(entry);
    return tradesOf(entries);
  }

  test('lists what moved on its day in Beijing, to the second', async () => {
    const merchant = await openShop('instant');
    const paidAts = [
      '2026-01-01T15:59:59Z',
      '2026-01-01T16:00:00Z',
      '2026-01-02T15:59:59Z',
      '2026-01-02T16:00:00Z',
    ];
    const payments = paidAts.map((paidAt, i) => ({
      outTradeNo: `seeded${1000 + i}`,
      amountMinor: 1000 + i,
      currency: 'CNY',
      paidAt,
      refunds: i === 0 ? [{ refundNo: 'r1', amountMinor: 7, at: '2026-01-02T08:00:00Z' }] : [],
    }));
    const seeded = await tell('POST', '/seed', { account: merchant.sandbox.account, payments });
    expect(await seeded.json()).toEqual({ payments: 4 });
    const entries = await entriesOf(merchant, '2026-01-02');
    expect(entries.map(({ kind, amountMinor, at }) => [kind, amountMinor, at])).toEqual([
      ['payment', 1001, '2026-01-01T16:00:00.000Z'],
      ['refund', 7, '2026-01-02T08:00:00.000Z'],
      ['payment', 1002, '2026-01-02T15:59:59.000Z'],
    ]);
    expect(entries[1]).toMatchObject({ refundNo: 'r1', outTradeNo: 'seeded1000', feeMinor: 0 });
    expect(await entriesOf(merchant, '2025-12-31')).toEqual([]);
  });

  test('of ten thousand payments is read whole', async () => {
    const merchant = await openShop('instant');
    const payments = Array.from({ length: 10_000 }, (_, i) => ({
      outTradeNo: `many${i}`,
      amountMinor: i + 1,
      currency: 'CNY',
      paidAt: '2026-01-02T08:00:00Z',
    }));
    await tell('POST', '/seed', { account: merchant.sandbox.account, payments });
    const entries = await entriesOf(merchant, '2026-01-02');
    expect(entries).toHaveLength(10_000);
    expect(entries.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(50_005_000);
  });

  test('of a day that is not over is not ready', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
    expect(await shop.provider.fetchStatement({ date: tomorrow })).toEqual({ kind: 'notReady' });
  });

  test('whose file is not the announced one settles nothing', async () => {
    const merchant = await openShop('instant');
    const { account, settings, credentials } = merchant.sandbox;
    const paidAt = '2026-01-02T08:00:00Z';
    const payment = { outTradeNo: 'single', amountMinor: 1, currency: 'CNY', paidAt };
    await tell('POST', '/seed', { account, payments: [payment] });
    const apiUrl = await listen(async ({ url = '', headers }, response) => {
      const authorization = headers.authorization ?? '';
      const answer = await fetch(simulator.url + url, { headers: { authorization } });
      const text = await answer.text();
      const isFile = url.startsWith('/v3/billdownload');
      const head = Object.fromEntries(
        [...answer.headers].filter(([name]) => name.startsWith('wechat')),
      );
      response.writeHead(answer.status, head).end(isFile ? text.replace('0.01', '0.02') : text);
    });
    const provider = openAccount({ settings: { ...settings, apiUrl }, credentials });
    await expect(provider.fetchStatement({ date: '2026-01-02' })).rejects.toMatchObject({
      kind: 'unknownOutcome',
    });
  });
});

test.each([
  ['/payments/nobody/pay', {}, 404],
  ['/payments/nobody/dispute', {}, 404],
  ['/disputes/nothing/close', { won: true }, 404],
  ['/refunds/nothing/settle', {}, 404],
  ['/accounts', { mchId: '1' }, 400],
  ['/rotate', { to: 'nothing' }, 400],
  ['/faults', { kind: 'nonsense' }, 400],
  ['/faults', { call: 'query', kind: 'forged' }, 400],
  ['/seed', { account: 'nobody', payments: [] }, 404],
])('the console answers %s %j with %d', async (path, body, status) => {
  const answer = await tell('POST', path, body);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toHaveProperty('error');
});

test('a simulator started again on its data knows its keys, orders and unsent notifications', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'wechat-'));
  const first = await startWechatPaySimulator({ port: 0, dataDir });
  const sandbox = await openWechatPaySandbox({ simulatorUrl: first.url });
  const deliveries: ParsedNotification[] = [];
  const provider = openAccount(sandbox);
  let isAwake = false;
  const notifyUrl = await listen(async ({ headers }, response, rawBody) => {
    if (!isAwake) return response.writeHead(500).end();
    deliveries.push(await provider.parseNotification({ rawBody, headers: plain(headers) }));
    return response.writeHead(204).end();
  });
  const order = orderOf(shop, { notifyUrl });
  await provider.createPayment(order);
  await fetch(`${first.url}/console/payments/${order.outTradeNo}/pay`, { method: 'POST' });
  await first.stop();
  isAwake = true;
  const second = await startWechatPaySimulator({ port: first.port, dataDir, notifyDelayScale: 0 });
  expect(await provider.queryPayment(refOf(order))).toMatchObject({
    report: { status: 'succeeded' },
  });
  await until(() => deliveries[0]?.kind === 'verified');
  await second.stop();
  await rm(dataDir, { recursive: true });
});
