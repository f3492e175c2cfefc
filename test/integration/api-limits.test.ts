import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openChanges } from '../../db/changes.ts';
import { createFeedChanges } from '../../db/feed-changes.ts';
import { publishedKey } from '../../delivery/send/public-key.ts';
import { apiClient } from '../support/api-client.ts';
import type { ApiAnswer } from '../support/api-client.ts';
import { openOrder } from '../support/orders.ts';
import { keptLog } from '../support/log-lines.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

const limits = {
  concurrentRequestsPerMerchant: 10,
  endpointsPerMerchant: 4,
  paymentsPerOrder: 3,
  switchesPerMinutePerOrder: 4,
  checkoutStreamsPerOrder: 2,
  failedKeysPerMinutePerAddress: 5,
  concurrentRequestsPerAddress: 6,
};

const { logger, lines } = keptLog();
let world: World;
beforeAll(async () => {
  world = await openWorld({ limits, logger, trustedProxies: ['127.0.0.0/8', '::1/128'] });
});
afterAll(() => world.close());

const is429 = ({ status, headers, body }: ApiAnswer<{ limit?: string }>, limit: string) => {
  expect([status, body.limit]).toEqual([429, limit]);
  expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
};

/** As a client behind a proxy that we trust. */
const from = (address: string) => ({ 'x-forwarded-for': address });

test('more requests a second than a key may send are 429, and another key is served', async () => {
  const slow = await openWorld({ hasWorker: false, limits: { requestsPerSecondPerKey: 2 } });
  try {
    const [own, other] = await Promise.all([slow.newMerchant([]), slow.newMerchant([])]);
    // However slow the machine is, it is not thirty seconds.
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => own.api<{ limit?: string }>('GET', '/v1/balances')),
    );
    const refused = answers.find(({ status }) => status === 429);
    is429(refused!, 'requestsPerSecondPerKey');
    expect(refused!.headers.get('ratelimit')).toBe('"requestsPerSecondPerKey";r=0;t=1');
    const served = await other.api('GET', '/v1/balances');
    expect(served.status).toBe(200);
    expect(served.headers.get('ratelimit-policy')).toBe('"requestsPerSecondPerKey";q=2;w=1');
    expect(served.headers.get('ratelimit')).toBe('"requestsPerSecondPerKey";r=1;t=1');
  } finally {
    await slow.close();
  }
});

test('more long polls than a merchant may keep open are 429, and another merchant is served', async () => {
  const [own, other] = await Promise.all([world.newMerchant([]), world.newMerchant([])]);
  const polls = Array.from({ length: 12 }, () =>
    own.api<{ limit?: string }>('GET', '/v1/events?wait=3'),
  );
  const refused = await Promise.any(
    polls.map((poll) =>
      poll.then((answer) => (answer.status === 429 ? answer : Promise.reject(new Error('served')))),
    ),
  );
  is429(refused, 'concurrentRequestsPerMerchant');
  expect((await other.api('GET', '/v1/events')).status).toBe(200);
  await Promise.all(polls);
  expect((await own.api('GET', '/v1/balances')).status).toBe(200);
});

test("one merchant's readers are not woken by another's events", async () => {
  const [own, other] = await Promise.all([world.newMerchant([]), world.newMerchant([])]);
  const changes = await openChanges(world.config.database);
  const feed = createFeedChanges({ db: world.db, changes });
  const woken = { own: 0, other: 0 };
  feed.subscribe({ id: own.merchantId, shard: 0 }, () => void (woken.own += 1));
  feed.subscribe({ id: other.merchantId, shard: 0 }, () => void (woken.other += 1));
  const publish = (merchant: TestMerchant) =>
    merchant.api('POST', '/v1/events', { body: { type: 'cart.changed', data: {} } });
  try {
    // The first look does not tell them apart.
    await publish(other);
    await until('the first look', () => woken.own > 0 && woken.other > 0);
    const before = { ...woken };
    for (let count = 1; count <= 3; count++) {
      await publish(other);
      await until('woken', () => woken.other >= before.other + count);
    }
    expect(woken.own).toBe(before.own);
    await publish(own);
    await until('its own event', () => woken.own > before.own);
  } finally {
    await changes.close();
  }
});

test('wrong keys are 429 from the same address after a few, and a right key from there is served', async () => {
  const { key, api } = await world.newMerchant([]);
  const headers = from('198.51.100.7');
  expect((await api('GET', '/v1/balances', { headers })).status).toBe(200);
  const wrong = apiClient({ url: world.url, key: `${key.slice(0, -1)}x` });
  const ask = (address: string) =>
    wrong<{ limit?: string }>('GET', '/v1/balances', { headers: from(address) });
  for (let n = 0; n < limits.failedKeysPerMinutePerAddress; n++) {
    expect((await ask('198.51.100.7')).status).toBe(401);
  }
  is429(await ask('198.51.100.7'), 'failedKeysPerMinutePerAddress');
  expect((await ask('198.51.100.8')).status).toBe(401);
  expect((await api('GET', '/v1/balances', { headers })).status).toBe(200);
});

describe('an order', () => {
  test('has so many payments and no more, however often its payer switches', async () => {
    const merchant = await world.newMerchant(['alipay', 'wechat-pay']);
    const methods = ['alipay.qr', 'wechat-pay.native'];
    const order = await openOrder(merchant, { methods });
    const switchTo = (method: string) =>
      merchant.api<{ title: string }>('POST', `/v1/orders/${order.id}/payments`, {
        body: { method },
        headers: { prefer: 'wait=20' },
      });
    expect((await switchTo('wechat-pay.native')).status).toBe(200);
    expect((await switchTo('alipay.qr')).status).toBe(200);
    const refused = await switchTo('wechat-pay.native');
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('3 payments')]);
    const token = order.checkoutUrl.split('/').at(-1);
    const page = await fetch(`${world.url}/pay/${token}/method`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'method=wechat-pay.native',
    });
    expect(page.status).toBe(409);
  });

  test('has so many open checkout pages', async () => {
    const order = await openOrder(await world.newMerchant());
    const token = order.checkoutUrl.split('/').at(-1);
    const leaving = new AbortController();
    const open = () =>
      fetch(`${world.url}/pay/${token}/stream`, { signal: leaving.signal }).then(
        ({ status }) => status,
      );
    const ask = async () =>
      (await fetch(`${world.url}/pay/${token}/stream`, { method: 'HEAD' })).status;
    expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 200]);
    expect([await open(), await open(), await open()]).toEqual([200, 200, 429]);
    leaving.abort();
  });
});

test('a merchant has so many endpoints', async () => {
  const { api } = await world.newMerchant([]);
  const add = () =>
    api('POST', '/v1/endpoints', { body: { url: 'https://shop.example/', eventTypes: ['*'] } });
  for (let n = 0; n < limits.endpointsPerMerchant; n++) expect((await add()).status).toBe(201);
  expect((await add()).status).toBe(409);
});

test('bodies that come slowly from one address take its own places and nobody else’s', async () => {
  const { accounts } = await world.newMerchant();
  const { accountId } = accounts[0]!;
  const leaving = new AbortController();
  const notify = (address: string, body: string | ReadableStream) =>
    fetch(`${world.url}/providers/${accountId}/notifications`, {
      method: 'POST',
      headers: from(address),
      body,
      duplex: 'half',
      signal: leaving.signal,
    });
  const slow = () => new ReadableStream({ start: (one) => one.enqueue(Buffer.from('a')) });
  const hanging = Array.from({ length: limits.concurrentRequestsPerAddress }, () =>
    notify('203.0.113.9', slow()).catch(() => {}),
  );
  await until('all places taken', async () => (await notify('203.0.113.9', 'a')).status === 429);
  expect((await notify('203.0.113.10', 'a')).status).not.toBe(429);
  leaving.abort();
  await Promise.all(hanging);
});

test('a published key is found by its id and among its merchant’s, however many others have', async () => {
  const [own, crowd] = await Promise.all([world.newMerchant([]), world.newMerchant([])]);
  type Made = { id: string; publicKey: string };
  const add = async ({ api }: TestMerchant) =>
    (
      await api<Made>('POST', '/v1/endpoints', {
        body: { url: 'https://shop.example/', eventTypes: ['*'], signature: 'ed25519' },
      })
    ).body;
  const mine = publishedKey((await add(own)).publicKey);
  for (let n = 0; n < limits.endpointsPerMerchant; n++) await add(crowd);
  const keysOf = async (query: string) =>
    (
      await apiClient({ url: world.url })<{ keys: unknown[] }>(
        'GET',
        `/.well-known/jwks.json${query}`,
      )
    ).body.keys;
  expect(await keysOf(`?kid=${mine.kid}`)).toEqual([mine]);
  expect(await keysOf(`?merchant=${own.merchantId}`)).toEqual([mine]);
  expect((await keysOf(`?merchant=${crowd.merchantId}`)).length).toBe(limits.endpointsPerMerchant);
  // The newest of each merchant comes before anybody's second.
  expect((await keysOf('')).slice(0, 2)).toContainEqual(mine);
});

test.each([
  [
    'more headers than 16 KiB',
    `GET /v1/events HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(17_000)}`,
    431,
  ],
  ['a query of more than 16 KiB', `GET /v1/events?filter=${'x'.repeat(17_000)} HTTP/1.1`, 431],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2', 400],
])('%s is refused in words, as all else is', async (_, text, status) => {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    let read = '';
    socket.on('data', (chunk) => (read += String(chunk)));
    socket.on('error', reject);
    socket.on('close', () => resolve(read));
    socket.write(`${text}\r\n\r\n`);
  });
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toContain('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status, detail: expect.any(String) });
});

test('bodies that are broken off are no errors of ours, however many there are', async () => {
  const { accounts, key } = await world.newMerchant(['alipay']);
  const port = Number(new URL(world.url).port);
  const requests = [
    `POST /providers/${accounts[0]?.accountId}/notifications HTTP/1.1\r\n`,
    `POST /v1/events HTTP/1.1\r\nauthorization: Bearer ${key}\r\n`,
  ];
  for (const request of requests) {
    const socket = connect(port, '127.0.0.1');
    const head = 'host: a\r\ncontent-type: application/json\r\ncontent-length: 6000\r\n\r\n';
    await new Promise<void>((sent) => socket.write(`${request}${head}{"a`, () => sent()));
    // The request is under way before it is broken off.
    await new Promise((done) => setTimeout(done, 200));
    socket.destroy();
  }
  const after = await fetch(`${world.url}/v1/events`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(after.status).toBe(200);
  await new Promise((done) => setTimeout(done, 300));
  expect(lines.filter(({ msg }) => msg === 'request failed')).toEqual([]);
});
