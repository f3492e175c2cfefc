import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAlipay } from '../../providers/alipay/client.ts';
import { startAlipaySimulator } from '../../simulators/alipay/server.ts';
import { ProviderFault } from '../../providers/faults.ts';
import type { CreatePaymentInput, PaymentRef, Provider } from '../../providers/provider.ts';
import type { Simulator } from '../../simulators/kit/serve.ts';
import type { PaymentView } from '../../simulators/kit/view.ts';

const sellerId = '2088000000000001';
const merchant = pemKeyPair();
const stranger = pemKeyPair();
const farFuture = '2099-01-01T00:00:00.000Z';

const cleanups: (() => unknown)[] = [];
let shared: Simulator;
let simulator: Simulator;
let alipay: Provider;
/** A new app for every test: nothing of one is in another's book. */
let appId = '2021000000000000';

beforeAll(async () => {
  shared = await startAlipaySimulator({ port: 0, retryGapsMs: [1, 1, 1, 1, 1, 1, 1] });
  return shared.stop;
});

beforeEach(async () => {
  appId = String(Number(appId) + 1);
  simulator = shared;
  await fetch(`${simulator.url}/console/faults`, { method: 'DELETE' });
  alipay = await registeredClient(simulator);
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('a payment', () => {
  test('is absent until scanned, pending until paid, and then reported exactly', async () => {
    const created = await alipay.createPayment(order('o1', simulator.url));
    expect(created).toMatchObject({
      kind: 'created',
      nextAction: { kind: 'qr', content: expect.stringMatching(`^${simulator.url}/qr/bax`) },
    });
    expect(await alipay.queryPayment(ref('o1'))).toEqual(reported({ status: 'absent' }));

    await scan('o1');
    expect(await alipay.queryPayment(ref('o1'))).toEqual(reported({ status: 'pending' }));

    const { body: trade } = await pay('o1');
    expect(await alipay.queryPayment(ref('o1'))).toEqual(
      reported({
        status: 'succeeded',
        paidMinor: 1250,
        currency: 'CNY',
        providerTradeNo: trade.providerTradeNo,
        paidAt: `${trade.paidAt?.slice(0, 19)}.000Z`,
      }),
    );
    expect(await alipay.closePayment(ref('o1'))).toEqual({ kind: 'paid' });
  });

  test('is closed once it was scanned, and stays closed when closed again', async () => {
    await alipay.createPayment(order('o1', simulator.url));
    expect(await alipay.closePayment(ref('o1'))).toEqual({ kind: 'absent' });
    await scan('o1');
    expect(await alipay.closePayment(ref('o1'))).toEqual({ kind: 'closed' });
    expect(await alipay.closePayment(ref('o1'))).toEqual({ kind: 'closed' });
    expect(await alipay.queryPayment(ref('o1'))).toEqual(reported({ status: 'closed' }));
    expect((await pay('o1')).status).toBe(409);
  });

  test('asked for twice has one code, and on other terms is refused', async () => {
    const first = await alipay.createPayment(order('o1', simulator.url));
    expect(await alipay.createPayment(order('o1', simulator.url))).toEqual(first);
    const changed = { ...order('o1', simulator.url), amountMinor: 1251 };
    expect(await alipay.createPayment(changed)).toMatchObject({
      kind: 'invalidState',
      code: 'ACQ.CONTEXT_INCONSISTENT',
    });
  });

  test('in another currency is declined without a call', async () => {
    await script({ kind: 'http500', times: 9 });
    expect(await alipay.createPayment({ ...order('o1', simulator.url), currency: 'EUR' })).toEqual({
      kind: 'declined',
      code: 'CURRENCY_NOT_SUPPORTED',
      message: 'Alipay accepts CNY, not EUR',
    });
  });

  test('beyond what they take, or already expired, is declined', async () => {
    const dear = { ...order('o1', simulator.url), amountMinor: 10_000_000_001 };
    expect(await alipay.createPayment(dear)).toMatchObject({
      kind: 'declined',
      code: 'TOTAL_FEE_EXCEED',
    });
    const stale = { ...order('o2', simulator.url), expiresAt: '2020-01-01T00:00:00.000Z' };
    expect(await alipay.createPayment(stale)).toMatchObject({
      kind: 'declined',
      code: 'ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
    });
  });

  test('cannot be made after our expiry, and a scanned trade is closed by it', async () => {
    const expiresAt = new Date(Date.now() + 1500).toISOString();
    await alipay.createPayment({ ...order('o1', simulator.url), expiresAt });
    await scan('o1');
    await eventually(async () => {
      const answer = await alipay.queryPayment(ref('o1'));
      expect(answer).toEqual(reported({ status: 'closed' }));
    });
    expect((await pay('o1')).status).toBe(409);
    expect((await bookedTrade('o1')).captures).toBe(0);
  });

  test("is made on the payer's page, once, however often the button is pressed", async () => {
    const created = await alipay.createPayment({
      ...order('o1', simulator.url),
      subject: '<b>茶</b>',
    });
    const url = qrContentOf(created);
    const page = await (await fetch(url)).text();
    expect(page).toMatch(
      /^<!doctype html>.*Alipay simulator.*&lt;b&gt;茶&lt; b&gt;.*¥12\.50.*<button/is,
    );
    expect(await alipay.queryPayment(ref('o1'))).toEqual(reported({ status: 'pending' }));

    const result = await fetch(`${url}/pay`, { method: 'POST' });
    expect(result.url).toBe(url);
    expect(await result.text()).toContain('Paid');
    await fetch(`${url}/pay`, { method: 'POST' });
    expect(await bookedTrade('o1')).toMatchObject({ status: 'paid', captures: 1 });
    expect((await fetch(`${simulator.url}/qr/nothing`)).status).toBe(404);
  });
});

describe('a fault of the gateway', () => {
  test.each([
    ['timeoutBefore', false],
    ['executedThenTimeout', true],
    ['http500', false],
    ['systemError', false],
    ['rateLimited', false],
    ['malformed', true],
    ['unsigned', true],
    ['badSignature', true],
  ])('%s is told as what it is, and the same create again settles it', async (kind, isExecuted) => {
    await script({ kind, call: 'create', outTradeNo: 'o1' });
    expect(await faultOf(alipay.createPayment(order('o1', simulator.url)))).toMatchObject({
      // Turned away at the door, it was surely not executed.
      kind: kind === 'rateLimited' ? 'retryable' : 'unknownOutcome',
    });
    expect(await bookedOrders()).toEqual(isExecuted ? ['o1'] : []);
    expect(await alipay.createPayment(order('o1', simulator.url))).toMatchObject({
      kind: 'created',
    });
  });

  test('on a query or a close has an unknown outcome as well', async () => {
    await alipay.createPayment(order('o1', simulator.url));
    await scan('o1');
    await script([
      { kind: 'unsigned', call: 'query' },
      { kind: 'executedThenTimeout', call: 'close' },
    ]);
    expect(await faultOf(alipay.queryPayment(ref('o1')))).toMatchObject({
      kind: 'unknownOutcome',
    });
    expect(await faultOf(alipay.closePayment(ref('o1')))).toMatchObject({
      kind: 'unknownOutcome',
    });
    expect(await alipay.queryPayment(ref('o1'))).toEqual(reported({ status: 'closed' }));
  });

  test('that leaves the caller waiting ends at its own timeout', async () => {
    const impatient = await registeredClient(simulator, { timeoutMs: 200 });
    await script({ kind: 'delay', delayMs: 60_000 });
    expect(await faultOf(impatient.createPayment(order('o1', simulator.url)))).toMatchObject({
      kind: 'unknownOutcome',
    });
  });

  test('that never let a connection stand is retryable', async () => {
    const gone = await start({});
    const unreachable = await registeredClient(gone);
    await stopNow(gone);
    expect(await faultOf(unreachable.createPayment(order('o1', gone.url)))).toMatchObject({
      kind: 'retryable',
      code: 'CONNECT_FAILED',
    });
  });

  test('of ours, a wrong key or an unknown app, is misconfigured', async () => {
    const alipayPublicKey = await register(simulator);
    const wrongKey = clientOf(simulator.url, { alipayPublicKey, privateKey: stranger.privateKey });
    expect(await faultOf(wrongKey.queryPayment(ref('o1')))).toMatchObject({
      kind: 'misconfigured',
      code: 'isv.invalid-signature',
    });
    const unknownApp = clientOf(simulator.url, { alipayPublicKey, appId: '2021999999999999' });
    expect(await faultOf(unknownApp.queryPayment(ref('o1')))).toMatchObject({
      kind: 'misconfigured',
      code: 'isv.invalid-app-id',
    });
  });
});

describe('an answer that is signed', () => {
  const platform = pemKeyPair();
  const signNode = (node: string) =>
    sign('RSA-SHA256', Buffer.from(node), platform.privateKey).toString('base64');

  test.each([
    [
      'before',
      (node: string) => `{"alipay_trade_query_response":${node},"sign":"${signNode(node)}"}`,
    ],
    [
      'after',
      (node: string) => `{"sign":"${signNode(node)}","alipay_trade_query_response":${node}}`,
    ],
  ])('is believed with the node %s the sign', async (_where, write) => {
    const client = await scriptedGateway(() => write(paidNode('o1')));
    expect(await client.queryPayment(ref('o1'))).toMatchObject(
      reported({ status: 'succeeded', paidMinor: 1250, currency: 'CNY', providerTradeNo: 'T1' }),
    );
  });

  test('but about another trade is not believed', async () => {
    const node = paidNode('o2');
    const client = await scriptedGateway(
      () => `{"alipay_trade_query_response":${node},"sign":"${signNode(node)}"}`,
    );
    expect(await faultOf(client.queryPayment(ref('o1')))).toMatchObject({
      kind: 'unknownOutcome',
    });
  });

  test('but has a second, unsigned node beside it is not believed', async () => {
    const node = paidNode('o2');
    const smuggled = `"alipay_trade_query_response":${paidNode('o1')}`;
    const client = await scriptedGateway(
      () => `{"alipay_trade_query_response":${node},"sign":"${signNode(node)}",${smuggled}}`,
    );
    expect(await faultOf(client.queryPayment(ref('o1')))).toMatchObject({
      kind: 'unknownOutcome',
    });
  });

  test('as an error_response is read by its code', async () => {
    const node = '{"code":"40006","msg":"Insufficient Permissions","sub_code":"isv.no-rights"}';
    const client = await scriptedGateway(
      () => `{"error_response":${node},"sign":"${signNode(node)}"}`,
    );
    expect(await faultOf(client.queryPayment(ref('o1')))).toMatchObject({
      kind: 'misconfigured',
      code: 'isv.no-rights',
    });
  });

  test('comes over kept connections, call after call', async () => {
    let connections = 0;
    const client = await scriptedGateway(
      () =>
        `{"alipay_trade_query_response":${paidNode('o1')},"sign":"${signNode(paidNode('o1'))}"}`,
      () => (connections += 1),
    );
    for (let i = 0; i < 10; i++) await client.queryPayment(ref('o1'));
    // Two, when the next call comes before the first socket is put back.
    expect(connections).toBeLessThanOrEqual(2);
  });

  async function scriptedGateway(answer: () => string, onConnection: () => unknown = () => {}) {
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.end(answer()));
    });
    server.on('connection', onConnection);
    const url = await listen(server);
    return clientOf(url, { alipayPublicKey: platform.publicKey });
  }
});

describe('a notification', () => {
  test('of a payment is verified end to end and acknowledged', async () => {
    const merchantSide = await receive();
    await payFor('o1', merchantSide.url);
    await eventually(() => expect(merchantSide.bodies).toHaveLength(1));
    const parsed = await alipay.parseNotification({
      rawBody: merchantSide.bodies[0] ?? '',
      headers: {},
    });
    const { providerTradeNo } = await bookedTrade('o1');
    expect(parsed).toMatchObject({
      kind: 'verified',
      events: [
        {
          binding: alipay.expectedBinding({ outTradeNo: 'o1' }),
          news: {
            kind: 'payment',
            report: { status: 'succeeded', paidMinor: 1250, currency: 'CNY', providerTradeNo },
          },
        },
      ],
    });
    await eventually(async () => expect(await endOf('o1')).toBe('acknowledged'));
  });

  test('is sent up the ladder with the same id until somebody says success', async () => {
    const merchantSide = await receive({ refusals: 3 });
    await payFor('o1', merchantSide.url);
    await eventually(async () => expect(await endOf('o1')).toBe('acknowledged'));
    expect(new Set(await notificationIdsIn(merchantSide.bodies)).size).toBe(1);
    expect(await outcomesOf('o1')).toEqual(['refused', 'refused', 'refused', 'acknowledged']);
  });

  test('is given up after eight deliveries, and still sent when asked for', async () => {
    const merchantSide = await receive({ refusals: 8 });
    await payFor('o1', merchantSide.url);
    await eventually(async () => expect(await endOf('o1')).toBe('given_up'));
    expect(merchantSide.bodies).toHaveLength(8);
    await post('/console/notifications/o1/resend', { account: appId });
    expect(merchantSide.bodies).toHaveLength(9);
  });

  test.each([
    ['wrongAmount', { news: { report: { paidMinor: 1 } } }],
    ['wrongApp', { binding: { appId: '2021000000000000' } }],
    ['wrongSeller', { binding: { sellerId: '2088000000000000' } }],
  ])('with %s is authentic, and says so', async (kind, event) => {
    await script({ kind, call: 'notify' });
    const merchantSide = await receive();
    await payFor('o1', merchantSide.url);
    await eventually(() => expect(merchantSide.bodies).toHaveLength(1));
    const parsed = await alipay.parseNotification({
      rawBody: merchantSide.bodies[0] ?? '',
      headers: {},
    });
    expect(parsed).toMatchObject({ kind: 'verified', events: [event] });
  });

  test('that was forged is rejected, and the true one follows', async () => {
    await script({ kind: 'forged' });
    const merchantSide = await receive({ refusals: 1 });
    await payFor('o1', merchantSide.url);
    await eventually(() => expect(merchantSide.bodies).toHaveLength(2));
    const kinds = merchantSide.bodies.map(
      async (rawBody) => (await alipay.parseNotification({ rawBody, headers: {} })).kind,
    );
    expect(await Promise.all(kinds)).toEqual(['rejected', 'verified']);
  });

  test('can come twice, late, or never', async () => {
    await script([
      { kind: 'duplicate', outTradeNo: 'twice' },
      { kind: 'lost', outTradeNo: 'late' },
      { kind: 'lostForever', outTradeNo: 'never' },
    ]);
    const merchantSide = await receive();
    for (const outTradeNo of ['twice', 'late', 'never']) await payFor(outTradeNo, merchantSide.url);
    await eventually(async () => {
      expect(await outcomesOf('twice')).toEqual(['acknowledged', 'acknowledged']);
      expect(await outcomesOf('late')).toEqual(['not_sent', 'acknowledged']);
      expect(await outcomesOf('never')).toEqual(['not_sent']);
    });
    expect(await endOf('never')).toBe('lost');
    expect(merchantSide.bodies).toHaveLength(3);
  });

  test('can be overtaken by a later one', async () => {
    await script({ kind: 'reordered', outTradeNo: 'first', delayMs: 60_000 });
    const merchantSide = await receive();
    await payFor('first', merchantSide.url);
    await payFor('second', merchantSide.url);
    await eventually(() => expect(merchantSide.bodies).toHaveLength(2));
    const order = merchantSide.bodies.map((body) => new URLSearchParams(body).get('out_trade_no'));
    expect(order).toEqual(['second', 'first']);
  });
});

describe('the book', () => {
  test('survives a restart: the key, the codes, and what was not acknowledged', async () => {
    const dataDir = await temporaryDirectory();
    const before = await start({ dataDir, retryGapsMs: [3_600_000] });
    simulator = before;
    alipay = await registeredClient(before);
    const merchantSide = await receive({ refusals: 1 });
    await payFor('o1', merchantSide.url);
    await eventually(async () => expect(await outcomesOf('o1')).toEqual(['refused']));
    const created = await alipay.createPayment(order('o2', merchantSide.url));
    await scan('o2');
    const { providerTradeNo } = await bookedTrade('o2');
    expect(providerTradeNo).toMatch(/^\d{28}$/);
    await stopNow(before);
    await appendFile(join(dataDir, 'book.jsonl'), '{"type":"captured","account":"2021');

    simulator = await start({ dataDir, port: before.port, retryGapsMs: [1] });
    await eventually(async () => expect(await endOf('o1')).toBe('acknowledged'));
    expect(new Set(await notificationIdsIn(merchantSide.bodies)).size).toBe(1);
    expect(await alipay.createPayment(order('o2', merchantSide.url))).toEqual(created);
    expect((await pay('o2')).body.providerTradeNo).toBe(providerTradeNo);
    await stopNow(simulator);

    simulator = await start({ dataDir, port: before.port });
    expect(await bookedOrders()).toEqual(['o1', 'o2']);
    expect(await readFile(join(dataDir, 'book.jsonl'), 'utf8')).toMatch(/\}\n$/);
  });

  test('survives the kill of its process, and the process ends with its parent', async () => {
    const dataDir = await temporaryDirectory();
    const first = await startProcess(dataDir);
    alipay = await registeredClient(first);
    await alipay.createPayment(order('o1', 'http://127.0.0.1:1'));
    simulator = { ...simulator, url: first.url };
    await pay('o1');
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const second = await startProcess(dataDir);
    simulator = { ...simulator, url: second.url };
    expect(await bookedTrade('o1')).toMatchObject({ status: 'paid', captures: 1 });
    second.child.disconnect();
    expect(await once(second.child, 'exit')).toEqual([0, null]);
  });
});

function eventually(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 30_000, interval: 10 });
}

function paidNode(outTradeNo: string): string {
  return JSON.stringify({
    code: '10000',
    msg: 'Success',
    out_trade_no: outTradeNo,
    trade_no: 'T1',
    trade_status: 'TRADE_SUCCESS',
    total_amount: '12.50',
  });
}

function pemKeyPair() {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}

type StartOptions = { dataDir?: string; port?: number; retryGapsMs?: readonly number[] };

async function start({ port = 0, ...rest }: StartOptions) {
  const started = await startAlipaySimulator({ port, ...rest });
  cleanups.push(started.stop);
  return started;
}

/** Stops a simulator before the end of the test. */
async function stopNow({ stop }: Simulator): Promise<void> {
  cleanups.splice(cleanups.indexOf(stop), 1);
  await stop();
}

async function startProcess(dataDir: string): Promise<{ url: string; child: ChildProcess }> {
  const child = fork('simulators/alipay/main.ts', {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ALIPAY_SIM_PORT: '0', ALIPAY_SIM_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  cleanups.push(() => child.kill('SIGKILL'));
  const [line] = await once(child.stdout ?? child, 'data');
  const { ready, url } = JSON.parse(String(line));
  expect(ready).toBe(true);
  return { url, child };
}

async function register({ url }: { url: string }): Promise<string> {
  const body = JSON.stringify({ appId, sellerId, appPublicKey: merchant.publicKey });
  const response = await fetch(`${url}/console/accounts`, { method: 'POST', body });
  return (await readJson<{ alipayPublicKey: string }>(response)).alipayPublicKey;
}

async function registeredClient(platform: { url: string }, options: { timeoutMs?: number } = {}) {
  return clientOf(platform.url, { alipayPublicKey: await register(platform), ...options });
}

type ClientOptions = {
  alipayPublicKey: string;
  privateKey?: string;
  appId?: string;
  timeoutMs?: number;
};

function clientOf(url: string, options: ClientOptions): Provider {
  const gateway = `${url}/gateway.do`;
  return createAlipay({ gateway, appId, sellerId, privateKey: merchant.privateKey, ...options });
}

function order(outTradeNo: string, notifyUrl: string): CreatePaymentInput {
  return {
    outTradeNo,
    method: 'alipay.qr',
    amountMinor: 1250,
    currency: 'CNY',
    subject: '热茶',
    expiresAt: farFuture,
    notifyUrl,
    returnUrl: 'https://shop.test/done',
    capture: 'automatic',
    payer: {},
  };
}

function ref(outTradeNo: string): PaymentRef {
  return {
    outTradeNo,
    providerRef: null,
    providerTradeNo: null,
    amountMinor: 1250,
    currency: 'CNY',
  };
}

/** The payer's telephone opens what is behind the code. */
async function scan(outTradeNo: string): Promise<void> {
  const { details } = await bookedTrade(outTradeNo);
  const page = await fetch(`${simulator.url}/qr/${details['code']}`);
  expect(page.status).toBe(200);
}

function pay(outTradeNo: string) {
  return post<PaymentView>(`/console/payments/${outTradeNo}/pay`, { account: appId });
}

function reported(report: object) {
  return { kind: 'reported', report };
}

function qrContentOf(created: Awaited<ReturnType<Provider['createPayment']>>): string {
  if (created.kind !== 'created' || created.nextAction.kind !== 'qr') throw new Error('no code');
  return created.nextAction.content;
}

async function payFor(outTradeNo: string, notifyUrl: string): Promise<void> {
  await alipay.createPayment(order(outTradeNo, notifyUrl));
  expect((await pay(outTradeNo)).status).toBe(200);
}

async function post<Body>(path: string, body: unknown): Promise<{ status: number; body: Body }> {
  const response = await fetch(simulator.url + path, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await readJson<Body>(response) };
}

/** The simulator's word for its own shape is taken. */
async function readJson<Body>(response: Response): Promise<Body> {
  return JSON.parse((await response.text()) || 'null') as Body;
}

async function script(faults: unknown): Promise<void> {
  expect((await post('/console/faults', faults)).status).toBe(204);
}

async function bookedTrades(): Promise<PaymentView[]> {
  const response = await fetch(`${simulator.url}/console/book?account=${appId}`);
  return (await readJson<{ payments: PaymentView[] }>(response)).payments;
}

async function bookedTrade(outTradeNo: string): Promise<PaymentView> {
  const trade = (await bookedTrades()).find((trade) => trade.outTradeNo === outTradeNo);
  if (!trade) throw new Error(`${outTradeNo} is not in the book`);
  return trade;
}

async function bookedOrders(): Promise<string[]> {
  return (await bookedTrades()).map(({ outTradeNo }) => outTradeNo);
}

async function outcomesOf(outTradeNo: string): Promise<string[]> {
  const { notifications } = await bookedTrade(outTradeNo);
  return notifications.flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome));
}

async function endOf(outTradeNo: string): Promise<string | null | undefined> {
  return (await bookedTrade(outTradeNo)).notifications[0]?.end;
}

async function notificationIdsIn(bodies: readonly string[]): Promise<string[]> {
  const parsed = await Promise.all(
    bodies.map((rawBody) => alipay.parseNotification({ rawBody, headers: {} })),
  );
  return parsed.flatMap((p) =>
    p.kind === 'verified' ? p.events.map((e) => e.notificationId) : [p.reason],
  );
}

/** The fault a call ends in; the test fails when it ends in anything else. */
async function faultOf(call: Promise<unknown>): Promise<ProviderFault> {
  const end = await call.catch((error: unknown) => error);
  if (!(end instanceof ProviderFault)) throw new Error(`not a fault: ${JSON.stringify(end)}`);
  return end;
}

/** The merchant's side of the wire: keeps every body, refuses the first ones. */
async function receive({ refusals = 0 }: { refusals?: number } = {}) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      bodies.push(body);
      response.end(bodies.length > refusals ? 'success' : 'fail');
    });
  });
  return { url: await listen(server), bodies };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('listens on no TCP port');
  return `http://127.0.0.1:${address.port}`;
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'alipay-sim-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  return directory;
}
