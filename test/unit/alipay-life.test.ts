import { createHmac, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ProviderNews } from '../../domain/payment.ts';
import { createAlipay } from '../../providers/alipay/client.ts';
import { openAccount } from '../../providers/alipay/open-account.ts';
import { openAlipaySandbox } from '../../providers/alipay/sandbox.ts';
import type { Sandbox } from '../../providers/alipay/sandbox.ts';
import { StrictAlipaySdk } from '../../providers/alipay/sdk.ts';
import { startAlipaySimulator } from '../../simulators/alipay/server.ts';
import type {
  CreatePaymentInput,
  PaymentRef,
  Provider,
  StatementEntry,
} from '../../providers/provider.ts';
import type { Simulator } from '../../simulators/kit/serve.ts';
import type { PaymentView } from '../../simulators/kit/view.ts';
import { tradesOf } from '../support/trades-of.ts';
import type { TradeEntry } from '../support/trades-of.ts';
import { until } from '../support/until.ts';

type Shop = { sandbox: Sandbox; provider: Provider; notifyUrl: string };

let simulator: Simulator;
let shop: Shop;
const stops: (() => unknown)[] = [];
const news: { outTradeNo: string | null; news: ProviderNews }[] = [];
let lastNumber = 0;

beforeAll(async () => {
  simulator = await startAlipaySimulator({ port: 0, notifyDelayScale: 0.001 });
  stops.push(() => simulator.stop());
  shop = await openShop(simulator);
});

afterEach(() => tell('DELETE', '/faults'));

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function openShop(
  at: Simulator,
  options: { refunds?: 'instant' | 'manual' } = {},
): Promise<Shop> {
  const sandbox = await openAlipaySandbox({ simulatorUrl: at.url, ...options });
  const provider = openAccount(sandbox);
  const receive = async (rawBody: string): Promise<string> => {
    const parsed = await provider.parseNotification({ rawBody, headers: {} });
    const events = parsed.kind === 'verified' ? parsed.events : [];
    news.push(...events.map(({ binding, news }) => ({ outTradeNo: binding.outTradeNo, news })));
    return provider.acknowledge(parsed.kind === 'verified' ? 'accepted' : 'rejected').body;
  };
  const notifyUrl = await listen((request, response) => {
    let rawBody = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (rawBody += chunk));
    request.on('end', () => void receive(rawBody).then((answer) => response.end(answer)));
  });
  return { sandbox, provider, notifyUrl };
}

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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

function orderOf(change: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return {
    outTradeNo: `order${String((lastNumber += 1)).padStart(6, '0')}`,
    method: 'alipay.qr',
    amountMinor: 1250,
    currency: 'CNY',
    subject: '热茶, 100%',
    expiresAt: new Date(Date.now() + 600_000).toISOString(),
    notifyUrl: shop.notifyUrl,
    returnUrl: 'https://shop.test/done?a=1&b=2',
    capture: 'automatic',
    payer: {},
    ...change,
  };
}

function refOf({ outTradeNo, amountMinor, currency }: CreatePaymentInput): PaymentRef {
  return { outTradeNo, providerRef: null, providerTradeNo: null, amountMinor, currency };
}

function refundOf(order: CreatePaymentInput, refundMinor: number, refundNo: string) {
  return {
    payment: refOf(order),
    refundNo,
    providerRefundNo: null,
    refundMinor,
    capturedMinor: order.amountMinor,
    reason: 'changed\ntheir mind',
    notifyUrl: order.notifyUrl,
  };
}

const look = ({ outTradeNo }: CreatePaymentInput) => told('GET', `/payments/${outTradeNo}`);

async function paidOrder({ provider, notifyUrl }: Shop = shop): Promise<CreatePaymentInput> {
  const order = orderOf({ notifyUrl });
  await provider.createPayment(order);
  await told('POST', `/payments/${order.outTradeNo}/pay`);
  return order;
}

function newsOf({ outTradeNo }: CreatePaymentInput): ProviderNews[] {
  return news.filter((told) => told.outTradeNo === outTradeNo).map(({ news }) => news);
}

function succeeded(refundedMinor: number, refundNo: string) {
  return {
    kind: 'reported',
    report: {
      status: 'succeeded',
      refundedMinor,
      currency: 'CNY',
      providerRefundNo: refundNo,
      refundedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    },
  };
}

describe('a refund', () => {
  test('of a part and then of the rest is given once each, and told as news of that refund', async () => {
    const { provider } = shop;
    const order = await paidOrder();
    const part = refundOf(order, 250, `${order.outTradeNo}r1`);
    const rest = refundOf(order, 1000, `${order.outTradeNo}r2`);

    expect(await provider.queryRefund(part)).toEqual({
      kind: 'reported',
      report: { status: 'absent' },
    });
    expect(await provider.refund(part)).toEqual(succeeded(250, part.refundNo));
    expect(await provider.refund(part)).toEqual(succeeded(250, part.refundNo));
    expect(await provider.queryRefund(part)).toEqual(succeeded(250, part.refundNo));
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'succeeded', paidMinor: 1250 },
    });

    expect(await provider.refund(rest)).toEqual(succeeded(1000, rest.refundNo));
    expect(await provider.refund(rest)).toEqual(succeeded(1000, rest.refundNo));
    // TRADE_CLOSED, with signs of money.
    expect(await provider.queryPayment(refOf(order))).toMatchObject({
      kind: 'reported',
      report: { status: 'succeeded', paidMinor: 1250, isGivenBack: true },
    });
    const { refunds } = await look(order);
    expect(refunds.map(({ amountMinor, executions }) => [amountMinor, executions])).toEqual([
      [250, 1],
      [1000, 1],
    ]);

    await until('all three were told', () => newsOf(order).length === 3);
    expect(newsOf(order)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'payment' }),
        { kind: 'refund', refundNo: part.refundNo, providerRefundNo: part.refundNo },
        { kind: 'refund', refundNo: rest.refundNo, providerRefundNo: rest.refundNo },
      ]),
    );
    const { notifications } = await look(order);
    expect(notifications.map(({ type, payload }) => [type, feeIn(payload)])).toEqual([
      ['TRADE_SUCCESS', undefined],
      ['TRADE_SUCCESS', '2.50'],
      ['TRADE_CLOSED', '12.50'],
    ]);
  });

  test('changes funds at its first request only, and names all refunds so far', async () => {
    const { settings, credentials } = shop.sandbox;
    const sdk = new StrictAlipaySdk({
      gateway: settings['gateway'] ?? '',
      appId: settings['appId'] ?? '',
      alipayPublicKey: settings['alipayPublicKey'] ?? '',
      privateKey: credentials['privateKey'] ?? '',
      timeoutMs: 5000,
    });
    const { outTradeNo } = await paidOrder();
    const ask = async (refundNo: string, refund_amount: string) => {
      const terms = { out_trade_no: outTradeNo, out_request_no: refundNo, refund_amount };
      const timestamp = `${beijingDay(Date.now())} ${beijingTime(Date.now())}`;
      const params = { timestamp, bizContent: terms };
      const { fund_change, refund_fee } = await sdk.exec('alipay.trade.refund', params);
      return [fund_change, refund_fee];
    };
    expect(await ask(`${outTradeNo}r1`, '2.50')).toEqual(['Y', '2.50']);
    expect(await ask(`${outTradeNo}r1`, '2.50')).toEqual(['N', '2.50']);
    expect(await ask(`${outTradeNo}r2`, '1.00')).toEqual(['Y', '3.50']);
  });

  test('repeated with another amount is refused', async () => {
    const order = await paidOrder();
    const refund = refundOf(order, 250, `${order.outTradeNo}r1`);
    await shop.provider.refund(refund);
    expect(await shop.provider.refund({ ...refund, refundMinor: 251 })).toMatchObject({
      kind: 'invalidState',
      code: 'ACQ.DISCORDANT_REPEAT_REQUEST',
    });
  });

  test('of more than is left is refused, and so is one of a trade given back whole', async () => {
    const { provider } = shop;
    const order = await paidOrder();
    expect(await provider.refund(refundOf(order, 1251, 'tooMuch'))).toMatchObject({
      kind: 'invalidState',
      code: 'ACQ.REASON_TRADE_REFUND_FEE_ERR',
    });
    await provider.refund(refundOf(order, 1250, `${order.outTradeNo}r1`));
    expect(await provider.refund(refundOf(order, 1, 'oneMore'))).toMatchObject({
      kind: 'invalidState',
      code: 'ACQ.TRADE_STATUS_ERROR',
    });
  });

  test('of what nobody paid is refused, and unheard of when asked about', async () => {
    const order = orderOf();
    const refund = refundOf(order, 1250, 'unpaid1');
    await shop.provider.createPayment(order);
    expect(await shop.provider.refund(refund)).toMatchObject({
      kind: 'invalidState',
      code: 'ACQ.TRADE_NOT_EXIST',
    });
    expect(await shop.provider.queryRefund(refund)).toEqual({
      kind: 'reported',
      report: { status: 'absent' },
    });
  });

  test.each([
    ['timeoutBefore', 0],
    ['http500', 0],
    ['systemError', 0],
    ['executedThenTimeout', 1],
    ['malformed', 1],
    ['unsigned', 1],
    ['badSignature', 1],
  ])('struck by %s has an unknown outcome, and the same again gives once', async (kind, given) => {
    const order = await paidOrder();
    const refund = refundOf(order, 250, `${order.outTradeNo}r1`);
    await tell('POST', '/faults', { call: 'refund', kind, outTradeNo: order.outTradeNo });
    await expect(shop.provider.refund(refund)).rejects.toMatchObject({ kind: 'unknownOutcome' });
    expect((await look(order)).refunds).toHaveLength(given);
    expect(await shop.provider.refund(refund)).toEqual(succeeded(250, refund.refundNo));
    expect((await look(order)).refunds).toMatchObject([{ executions: 1 }]);
  });

  test('that they take their time for is pending until it is settled', async () => {
    const slow = await openShop(simulator, { refunds: 'manual' });
    const order = await paidOrder(slow);
    const refund = refundOf(order, 250, `${order.outTradeNo}r1`);
    const pending = { kind: 'reported', report: { status: 'pending' } };
    expect(await slow.provider.refund(refund)).toEqual(pending);
    expect(await slow.provider.refund(refund)).toEqual(pending);
    await told('POST', `/refunds/${refund.refundNo}/settle`);
    expect(await slow.provider.refund(refund)).toEqual(succeeded(250, refund.refundNo));
    expect((await look(order)).refunds).toMatchObject([{ executions: 1 }]);
  });

  test('made in their portal is told with the number it can be asked about', async () => {
    const order = await paidOrder();
    await told('POST', `/payments/${order.outTradeNo}/refund`, { amountMinor: 300 });
    const refund = await until('the refund was told', () =>
      newsOf(order).find((news) => news.kind === 'refund'),
    );
    if (refund.kind !== 'refund') throw new Error('no refund');
    expect(await shop.provider.queryRefund({ payment: refOf(order), ...refund })).toEqual(
      succeeded(300, refund.refundNo),
    );
  });

  test.each([
    ['refund', { out_trade_no: 'o1', out_request_no: 're2', refund_amount: '2.50' }],
    ['payment', { out_trade_no: 'o2', out_request_no: 're1', refund_amount: '2.50' }],
    ['amount that cannot be read', { out_trade_no: 'o1', out_request_no: 're1' }],
  ])('is not believed of a signed answer about another %s', async (_what, fields) => {
    const node = JSON.stringify({ code: '10000', refund_status: 'REFUND_SUCCESS', ...fields });
    const provider = await scriptedGateway('alipay_trade_fastpay_refund_query_response', node);
    const refund = refundOf(orderOf({ outTradeNo: 'o1' }), 250, 're1');
    await expect(provider.queryRefund(refund)).rejects.toMatchObject({ kind: 'unknownOutcome' });
  });

  test('in a state we have no word for is reported as they wrote it', async () => {
    const node = JSON.stringify({ code: '10000', refund_status: 'REFUND_PONDERED' });
    const provider = await scriptedGateway('alipay_trade_fastpay_refund_query_response', node);
    expect(await provider.queryRefund(refundOf(orderOf(), 250, 're1'))).toEqual({
      kind: 'reported',
      report: { status: 'unknown', providerStatus: 'REFUND_PONDERED' },
    });
  });

  test('cannot be made to bounce: Alipay has no such thing', async () => {
    const answer = await tell('POST', '/faults', { call: 'refund', kind: 'bounce' });
    expect(answer.status).toBe(400);
  });
});

function feeIn(payload: unknown): unknown {
  return typeof payload === 'object' && payload && 'refund_fee' in payload
    ? payload.refund_fee
    : undefined;
}

describe('a reversal', () => {
  test('of what nobody scanned finds nothing', async () => {
    const order = orderOf();
    expect(await shop.provider.reversePayment?.(refOf(order))).toEqual({ kind: 'absent' });
    await shop.provider.createPayment(order);
    expect(await shop.provider.reversePayment?.(refOf(order))).toEqual({ kind: 'absent' });
  });

  test('of an unpaid trade closes it, as often as it is asked for', async () => {
    const order = orderOf();
    const created = await shop.provider.createPayment(order);
    await fetch(contentOf(created));
    expect(await shop.provider.reversePayment?.(refOf(order))).toEqual({ kind: 'closed' });
    expect(await shop.provider.reversePayment?.(refOf(order))).toEqual({ kind: 'closed' });
    expect(await look(order)).toMatchObject({ status: 'closed', refunds: [] });
  });

  test('of a paid trade gives the money back once, and says that it was paid', async () => {
    const order = await paidOrder();
    expect(await shop.provider.reversePayment?.(refOf(order))).toEqual({ kind: 'paid' });
    expect(await shop.provider.reversePayment?.(refOf(order))).toEqual({ kind: 'paid' });
    expect((await look(order)).refunds).toMatchObject([{ amountMinor: 1250, executions: 1 }]);
    expect(await shop.provider.queryPayment(refOf(order))).toMatchObject({
      report: { status: 'succeeded', paidMinor: 1250, isGivenBack: true },
    });
  });

  test.each([
    ['{"code":"10000","retry_flag":"Y","action":"close"}', 'unknownOutcome'],
    ['{"code":"40004","sub_code":"ACQ.SYSTEM_ERROR"}', 'unknownOutcome'],
  ])('answered %s has to be tried again', async (node, kind) => {
    const provider = await scriptedGateway('alipay_trade_cancel_response', node);
    await expect(provider.reversePayment?.(refOf(orderOf()))).rejects.toMatchObject({ kind });
  });
});

describe('a signed answer to a reversal', () => {
  test.each([
    ['{"code":"10000","retry_flag":"N","action":"close"}', 'closed'],
    ['{"code":"10000","retry_flag":"N"}', 'closed'],
    ['{"code":"10000","retry_flag":"N","action":"refund"}', 'paid'],
    ['{"code":"40004","sub_code":"ACQ.SELLER_BALANCE_NOT_ENOUGH"}', 'paid'],
    ['{"code":"40004","sub_code":"ACQ.TRADE_HAS_FINISHED"}', 'paid'],
    ['{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}', 'absent'],
  ])('of %s means %s', async (node, kind) => {
    const provider = await scriptedGateway('alipay_trade_cancel_response', node);
    expect(await provider.reversePayment?.(refOf(orderOf()))).toEqual({ kind });
  });
});

describe('a page', () => {
  test.each([
    ['alipay.page', 'FAST_INSTANT_TRADE_PAY'],
    ['alipay.wap', 'QUICK_WAP_WAY'],
  ])(
    'of %s is signed without a call, and is no trade before the payer opens it',
    async (method, product) => {
      const { provider } = shop;
      const order = orderOf({ method });
      await tell('POST', '/faults', { kind: 'http500', times: 9 });
      const url = new URL(contentOf(await provider.createPayment(order)));
      await tell('DELETE', '/faults');
      const terms = JSON.parse(url.searchParams.get('biz_content') ?? '');
      expect(terms).toMatchObject({ total_amount: '12.50', product_code: product });
      expect(url.searchParams.get('return_url')).toBe(order.returnUrl);
      expect([...url.searchParams.values()].join()).not.toContain('undefined');
      expect(await provider.queryPayment(refOf(order))).toMatchObject({
        report: { status: 'absent' },
      });

      const page = await fetch(url);
      expect(page.url).toContain('/cashier/');
      expect(await page.text()).toContain('¥12.50');
      expect(await provider.queryPayment(refOf(order))).toMatchObject({
        report: { status: 'pending' },
      });

      const paid = await fetch(`${page.url}/pay`, { method: 'POST', redirect: 'manual' });
      const back = new URL(paid.headers.get('location') ?? '');
      expect(back.href).toContain('https://shop.test/done?a=1&b=2&');
      expect(back.searchParams.get('out_trade_no')).toBe(order.outTradeNo);
      expect(isSignedByAlipay(back.searchParams)).toBe(true);
      expect(await provider.queryPayment(refOf(order))).toMatchObject({
        report: { status: 'succeeded', paidMinor: 1250 },
      });
      expect(await (await fetch(url)).text()).toContain('Paid');
      expect(await look(order)).toMatchObject({ captures: 1 });
    },
  );

  test('asked for again is another address of the same trade', async () => {
    const order = orderOf({ method: 'alipay.page' });
    const first = await fetch(contentOf(await shop.provider.createPayment(order)));
    const second = await fetch(contentOf(await shop.provider.createPayment(order)));
    expect(second.url).toBe(first.url);
    const changed = await shop.provider.createPayment({ ...order, amountMinor: 1251 });
    const refused = await fetch(contentOf(changed));
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('CONTEXT_INCONSISTENT'),
    ]);
  });

  test('is believed by Alipay whatever the subject and the address to return to hold', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(text, fc.webUrl({ withQueryParameters: true }), async (words, returnUrl) => {
        const order = orderOf({ method: 'alipay.wap', subject: `x${words}`, returnUrl });
        const url = contentOf(await shop.provider.createPayment(order));
        const opened = await fetch(url, { redirect: 'manual' });
        expect(opened.headers.get('location')).toContain('/cashier/');
      }),
      { numRuns: 50 },
    );
  });

  test('whose address was tampered with opens nothing', async () => {
    const order = orderOf({ method: 'alipay.page' });
    const url = new URL(contentOf(await shop.provider.createPayment(order)));
    url.searchParams.set('notify_url', 'https://thief.test');
    const refused = await fetch(url);
    expect([refused.status, await refused.text()]).toEqual([
      400,
      expect.stringContaining('isv.invalid-signature'),
    ]);
    expect((await tell('GET', `/payments/${order.outTradeNo}`)).status).toBe(404);
  });

  test('says the time in Alipay’s zone, whatever the zone of the process', async () => {
    const zone = process.env['TZ'];
    const stamps = ['UTC', 'America/New_York', 'Asia/Shanghai'].map(async (name) => {
      process.env['TZ'] = name;
      const created = shop.provider.createPayment(orderOf({ method: 'alipay.wap' }));
      const stamp = new URL(contentOf(await created)).searchParams.get('timestamp') ?? '';
      return Math.abs(Date.now() - Date.parse(`${stamp.replace(' ', 'T')}+08:00`));
    });
    for (const offMs of await Promise.all(stamps)) expect(offMs).toBeLessThan(3_600_000);
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  test('that was left is shown again, or goes back to the shop on a telephone', async () => {
    const leave = async (method: string) => {
      const page = await fetch(contentOf(await shop.provider.createPayment(orderOf({ method }))));
      const left = await fetch(`${page.url}/cancel`, { method: 'POST', redirect: 'manual' });
      return left.headers.get('location');
    };
    expect(await leave('alipay.page')).toMatch(/\?cancelled$/);
    expect(await leave('alipay.wap')).toBe('https://shop.test/done?a=1&b=2');
  });

  test('of an amount they do not take is declined, not shown', async () => {
    const dear = orderOf({ method: 'alipay.page', amountMinor: 10_000_000_001 });
    expect(await shop.provider.createPayment(dear)).toMatchObject({ kind: 'declined' });
  });

  test('of no method of theirs is our mistake', async () => {
    await expect(
      shop.provider.createPayment(orderOf({ method: 'alipay.face' })),
    ).rejects.toMatchObject({ kind: 'misconfigured' });
  });
});

describe('a close by Alipay', () => {
  test('is told only to who asked for it', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const appPublicKey = publicKey.export({ type: 'spki', format: 'pem' });
    const body = { appPublicKey, closeNotifications: true };
    const answer = await (await tell('POST', '/accounts', body)).json();
    const { appId, sellerId, alipayPublicKey } = answer as Record<string, string>;
    const provider = createAlipay({
      gateway: `${simulator.url}/gateway.do`,
      appId: appId ?? '',
      sellerId: sellerId ?? '',
      alipayPublicKey: alipayPublicKey ?? '',
      privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    });
    const told = orderOf();
    const untold = orderOf();
    await provider.createPayment(told);
    await shop.provider.createPayment(untold);
    for (const { outTradeNo } of [told, untold])
      await tell('POST', `/payments/${outTradeNo}/close`);
    expect((await look(told)).notifications.map(({ type }) => type)).toEqual(['TRADE_CLOSED']);
    expect((await look(untold)).notifications).toEqual([]);
    expect(await shop.provider.queryPayment(refOf(untold))).toMatchObject({
      report: { status: 'closed' },
    });
  });
});

describe('a replayed notification', () => {
  test('is authentic and has the id of the first: Alipay’s have no freshness to check', async () => {
    const order = orderOf();
    await shop.provider.createPayment(order);
    await tell('POST', '/faults', {
      call: 'notify',
      kind: 'replayed',
      outTradeNo: order.outTradeNo,
    });
    await told('POST', `/payments/${order.outTradeNo}/pay`);
    await until('it came twice', () => newsOf(order).length === 2);
    const { notifications } = await look(order);
    expect(notifications).toHaveLength(1);
  });
});

describe('a statement', () => {
  const seeded = { amountMinor: 1250, currency: 'CNY', paidAt: '2026-03-02T04:00:00Z' };

  async function seed(account: string, payments: unknown[]): Promise<void> {
    expect((await tell('POST', '/seed', { account, payments })).status).toBe(200);
  }

  test('lists the payments and refunds of its day in UTC+8, and no others', async () => {
    const { sandbox, provider } = await openShop(simulator);
    const paid = (outTradeNo: string, paidAt: string, refunds: unknown[] = []) => ({
      ...seeded,
      outTradeNo,
      paidAt,
      refunds,
    });
    await seed(sandbox.account, [
      paid('before', '2026-03-01T15:59:59Z', [
        { refundNo: 'reBefore', amountMinor: 250, at: '2026-03-02T10:00:00Z' },
      ]),
      paid('first', '2026-03-01T16:00:00Z'),
      paid('last', '2026-03-02T15:59:59Z'),
      paid('after', '2026-03-02T16:00:00Z'),
    ]);
    const entries = await statementOf(provider, '2026-03-02');
    expect(entries).toEqual([
      entryOf({ kind: 'payment', outTradeNo: 'first', at: '2026-03-01T16:00:00.000Z' }),
      entryOf({
        kind: 'refund',
        outTradeNo: 'before',
        amountMinor: 250,
        feeMinor: -2,
        at: '2026-03-02T10:00:00.000Z',
        refundNo: 'reBefore',
        providerRefundNo: 'reBefore',
      }),
      entryOf({ kind: 'payment', outTradeNo: 'last', at: '2026-03-02T15:59:59.000Z' }),
    ]);
  });

  function entryOf(words: object) {
    const common = { amountMinor: 1250, feeMinor: 8, currency: 'CNY' };
    return { ...common, providerTradeNo: expect.stringMatching(/^\d{28}$/), ...words };
  }

  test('of ten thousand payments is whole', async () => {
    const { sandbox, provider } = await openShop(simulator);
    const payments = Array.from({ length: 10_000 }, (_, i) => ({
      outTradeNo: `bulk${i}`,
      amountMinor: i + 1,
      currency: 'CNY',
      paidAt: '2026-03-05T04:00:00Z',
    }));
    await seed(sandbox.account, payments);
    const entries = await statementOf(provider, '2026-03-05');
    expect(entries).toHaveLength(10_000);
    expect(entries?.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(50_005_000);
  });

  test('of a day on which nothing moved is empty', async () => {
    expect(await statementOf(shop.provider, '2026-01-05')).toEqual([]);
  });

  test('of today is not ready, unless the simulator makes them the same day', async () => {
    const order = await paidOrder();
    const today = beijingDay(Date.now());
    expect(await shop.provider.fetchStatement({ date: today })).toEqual({ kind: 'notReady' });

    const eager = await startAlipaySimulator({ port: 0, hasSameDayStatements: true });
    stops.push(() => eager.stop());
    const { sandbox, provider } = await openShop(eager);
    expect(await provider.fetchStatement({ date: today })).toEqual({ kind: 'notReady' });
    await provider.createPayment(order);
    const paidAt = `${today}T00:00:01+08:00`;
    const path = `/console/payments/${order.outTradeNo}/pay`;
    const body = JSON.stringify({ account: sandbox.account, at: paidAt });
    expect((await fetch(eager.url + path, { method: 'POST', body })).status).toBe(200);
    expect(await statementOf(provider, today)).toMatchObject([{ outTradeNo: order.outTradeNo }]);
  });

  test('carries subjects in any script, with commas, without losing a column', async () => {
    const eager = await startAlipaySimulator({ port: 0, hasSameDayStatements: true });
    stops.push(() => eager.stop());
    const { provider } = await openShop(eager);
    const order = orderOf({ subject: '熱茶,大杯,🍵 2026-01-01 00:00:00,x' });
    await provider.createPayment(order);
    const body = JSON.stringify({ at: `${beijingDay(Date.now())}T00:00:01+08:00` });
    await fetch(`${eager.url}/console/payments/${order.outTradeNo}/pay`, { method: 'POST', body });
    expect(await statementOf(provider, beijingDay(Date.now()))).toMatchObject([
      { outTradeNo: order.outTradeNo, amountMinor: 1250 },
    ]);
  });

  test('is not fetched from an address that nobody signed for', async () => {
    let visits = 0;
    const thief = await listen((_request, response) => {
      visits += 1;
      response.end('zip');
    });
    const node = JSON.stringify({ code: '10000', bill_download_url: thief });
    const name = 'alipay_data_dataservice_bill_downloadurl_query_response';
    const forged = await scriptedGateway(name, node, { isSigned: false });
    await expect(forged.fetchStatement({ date: '2026-03-02' })).rejects.toMatchObject({
      kind: 'unknownOutcome',
    });
    expect(visits).toBe(0);
    const signed = await scriptedGateway(name, node);
    await expect(signed.fetchStatement({ date: '2026-03-02' })).rejects.toMatchObject({
      kind: 'unknownOutcome',
    });
    expect(visits).toBe(1);
  });

  test('struck by a fault is asked for again', async () => {
    const { sandbox, provider } = await openShop(simulator);
    await seed(sandbox.account, [{ ...seeded, outTradeNo: 'struck1' }]);
    await tell('POST', '/faults', [
      { call: 'statement', kind: 'unsigned' },
      { call: 'statement', kind: 'rateLimited' },
    ]);
    const date = '2026-03-02';
    await expect(provider.fetchStatement({ date })).rejects.toMatchObject({
      kind: 'unknownOutcome',
    });
    await expect(provider.fetchStatement({ date })).rejects.toMatchObject({ kind: 'retryable' });
    expect(await statementOf(provider, date)).toHaveLength(1);
  });
});

async function statementOf(provider: Provider, date: string): Promise<TradeEntry[]> {
  const statement = await provider.fetchStatement({ date });
  if (statement.kind !== 'ready') throw new Error(statement.kind);
  const entries: StatementEntry[] = [];
  for await (const entry of statement.entries) entries.push(entry);
  return tradesOf(entries);
}

function beijingDay(timeMs: number): string {
  return new Date(timeMs + 8 * 3_600_000).toISOString().slice(0, 10);
}

function beijingTime(timeMs: number): string {
  return new Date(timeMs + 8 * 3_600_000).toISOString().slice(11, 19);
}

function contentOf(created: Awaited<ReturnType<Provider['createPayment']>>): string {
  if (created.kind !== 'created') throw new Error(created.code);
  const { nextAction, providerRef } = created;
  expect(providerRef).toBeNull();
  if (nextAction.kind === 'qr') return nextAction.content;
  if (nextAction.kind === 'redirect') return nextAction.url;
  throw new Error(nextAction.kind);
}

/** Alipay's rule for what it hands to the payer's browser, written out on its own. */
function isSignedByAlipay(params: URLSearchParams): boolean {
  const given = new Set(['a', 'b', 'sign', 'sign_type']);
  const names = [...params.keys()].filter((name) => !given.has(name));
  const text = names.sort((a, b) => (a < b ? -1 : 1)).map((name) => `${name}=${params.get(name)}`);
  const key = createPublicKey(shop.sandbox.settings['alipayPublicKey'] ?? '');
  const signature = Buffer.from(params.get('sign') ?? '', 'base64');
  return verify('RSA-SHA256', Buffer.from(text.join('&')), key, signature);
}

/** A gateway that answers everything with one node, in Alipay's name or not. */
async function scriptedGateway(
  name: string,
  node: string,
  { isSigned = true }: { isSigned?: boolean } = {},
): Promise<Provider> {
  const pem = {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  } as const;
  const platform = generateKeyPairSync('rsa', pem);
  const signature = isSigned
    ? sign('RSA-SHA256', Buffer.from(node), platform.privateKey)
    : createHmac('sha256', 'not a key').update(node).digest();
  const gateway = await listen((request, response) => {
    const body = `{"${name}":${node},"sign":"${signature.toString('base64')}"}`;
    request.resume().on('end', () => response.end(body));
  });
  const { privateKey } = generateKeyPairSync('rsa', pem);
  const ids = { appId: '2021000000000001', sellerId: '2088000000000001' };
  return createAlipay({ gateway, ...ids, privateKey, alipayPublicKey: platform.publicKey });
}
