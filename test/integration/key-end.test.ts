import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pickPort } from '../../dev/services/ports.ts';
import { createKey } from '../../cli/open-account.ts';
import { portalLinks } from '../../db/schema/endpoints.ts';
import { apiClient } from '../support/api-client.ts';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { openStream } from '../support/event-stream.ts';
import { openOrder } from '../support/orders.ts';
import { tenderProcesses } from '../support/tender-process.ts';
import type { TenderProcesses } from '../support/tender-process.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
let beside: TenderProcesses;
/** An API in a process of its own: what is revoked elsewhere is told to it. */
let otherUrl: string;

beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
  const { port } = await pickPort(0);
  otherUrl = `http://127.0.0.1:${port}`;
  beside = await tenderProcesses({ ...world.config, http: { ...world.config.http, port } });
  await beside.start('api');
});

afterAll(async () => {
  await beside?.close();
  await world?.close();
});

type Key = { keyId: string; key: string; api: ApiClient };

async function newKey(expiresAt: Date | null = null): Promise<Key> {
  const made = await createKey(world.db, { merchantId: merchant.merchantId, expiresAt });
  return { ...made, api: apiClient({ url: otherUrl, key: made.key }) };
}

/** As an operator does it, in another process. */
async function revoke({ keyId }: Key): Promise<void> {
  const args = ['--import', 'tsx', 'cli/main.ts', 'key', 'revoke', '--key', keyId];
  await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, DATABASE_URL: world.config.database.url },
  });
}

/** Whether the end came long before the wait of a minute that was asked for. */
async function ended<T>(wait: Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  void wait.then((value) => (result = { value }));
  return until('the end of the wait', () => result, 20_000).then(({ value }) => value);
}

const waits: Record<string, (key: Key, orderId: string) => Promise<ApiAnswer>> = {
  'the feed': ({ api }) => api('GET', '/v1/events?types=never.*&wait=60'),
  'an order': ({ api }, orderId) =>
    api('GET', `/v1/orders/${orderId}`, { headers: { prefer: 'wait=60' } }),
  'a topic': async ({ api }) => {
    const { body } = await merchant.api<{ id: string }>('POST', '/v1/topics', {
      body: { name: 'news' },
    });
    return api('GET', `/v1/topics/${body.id}/messages?wait=60`);
  },
};

describe('with the revocation of a key', () => {
  test.each(Object.keys(waits))('the held poll of %s ends, and tells nothing', async (what) => {
    const key = await newKey();
    const order = await openOrder(merchant);
    const wait = waits[what]!(key, order.id);
    await revoke(key);
    const { status, body, headers } = await ended(wait);
    expect([status, headers.get('etag')]).toEqual([401, null]);
    // It had begun: a request that comes after the end is refused with other words.
    expect(body).toMatchObject({
      status: 401,
      detail: expect.stringContaining('during the request'),
    });
    expect(body).not.toHaveProperty('data');
  });

  test('a member’s wait for a batch ends without one', async () => {
    const key = await newKey();
    await merchant.api('POST', '/v1/consumer-groups', {
      body: { name: 'ending', eventTypes: ['never.*'] },
    });
    const wait = key.api('POST', '/v1/consumer-groups/ending/take', { body: { wait: 60 } });
    await revoke(key);
    const { status, body } = await ended(wait);
    expect([200, 401]).toContain(status);
    expect([body['data'] ?? [], body['leaseToken'] ?? null]).toEqual([[], null]);
  });

  test('open streams end cleanly, and do not come back; those of other keys go on', async () => {
    const [key, other] = [await newKey(), await newKey()];
    const [stream, othersStream] = await Promise.all([
      openStream({ url: otherUrl, key: key.key }),
      openStream({ url: otherUrl, key: other.key }),
    ]);
    expect([stream.status, othersStream.status]).toEqual([200, 200]);
    await until('the openings', () => stream.lastEventId() && othersStream.lastEventId());
    await revoke(key);
    expect(await ended(stream.ended)).toBe(true);
    await until('the key to be refused', async () => {
      const again = await openStream({ url: otherUrl, key: key.key });
      again.leave();
      return again.status === 401;
    });
    await merchant.api('POST', '/v1/events', { body: { type: 'cart.changed', data: {} } });
    await until('an event for the others', () => othersStream.messages.length > 0);
    othersStream.leave();
  });

  test('portal links that it made, and sessions begun by them, end; those of other keys do not', async () => {
    const [key, other] = [await newKey(), await newKey()];
    const enter = async ({ api }: Key) => {
      const { body } = await api<{ url: string }>('POST', '/v1/portal-links', { body: {} });
      const path = new URL(body.url).pathname;
      const entered = await fetch(`${otherUrl}${path}`, { redirect: 'manual' });
      const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
      const page = () =>
        fetch(`${otherUrl}/portal`, { headers: { cookie } }).then(({ status }) => status);
      return { path, page };
    };
    const [ending, staying] = [await enter(key), await enter(other)];
    expect([await ending.page(), await staying.page()]).toEqual([200, 200]);
    await revoke(key);
    expect([await ending.page(), await staying.page()]).toEqual([401, 200]);
    const entered = await fetch(`${otherUrl}${ending.path}`, { redirect: 'manual' });
    expect(entered.status).toBe(401);
  });
});

test('a key that a process knows opens nothing any more as soon as it is revoked', async () => {
  const key = await newKey();
  expect((await key.api('GET', '/v1/balances')).status).toBe(200);
  const { rowCount } = await world.db.$client.query(
    'update api_keys set revoked_at = now() where id = $1',
    [key.keyId],
  );
  expect(rowCount).toBe(1);
  await until('it is refused', async () => (await key.api('GET', '/v1/balances')).status === 401);
});

test('a held poll and a stream end when their key expires', async () => {
  const key = await newKey(new Date(Date.now() + 8_000));
  const stream = await openStream({ url: otherUrl, key: key.key });
  const poll = key.api('GET', '/v1/events?types=never.*&wait=60');
  expect(await ended(stream.ended)).toBe(true);
  expect((await ended(poll)).status).toBe(401);
});

describe('portal links', () => {
  test('of a key that ends sooner than they say that they end with it', async () => {
    const expiresAt = new Date(Date.now() + 600_000);
    const { api } = await newKey(expiresAt);
    const { body } = await api('POST', '/v1/portal-links', { body: { expiresInSeconds: 3_600 } });
    expect(body['expiresAt']).toBe(expiresAt.toISOString());
  });

  type Links = { data: { id: string; madeByKey: string }[]; nextCursor: string | null };

  test('are listed by page, newest first, without what would open them, and only one’s own', async () => {
    const own = await world.newMerchant([]);
    const made: string[] = [];
    for (let n = 0; n < 3; n++) {
      const { body } = await own.api<{ id: string }>('POST', '/v1/portal-links', { body: {} });
      made.unshift(body.id);
    }
    const first = await own.api<Links>('GET', '/v1/portal-links?limit=2');
    const cursor = String(first.body.nextCursor);
    const second = await own.api<Links>('GET', `/v1/portal-links?limit=2&cursor=${cursor}`);
    expect([...first.body.data, ...second.body.data].map(({ id }) => id)).toEqual(made);
    expect(second.body.nextCursor).toBe(null);
    expect(first.text).not.toContain('/portal/enter/');
    const stored = await world.db.select({ hash: portalLinks.tokenHash }).from(portalLinks);
    for (const { hash } of stored) expect(first.text).not.toContain(hash);
    expect((await merchant.api<Links>('GET', '/v1/portal-links')).text).not.toContain(made[0]);
  });

  test('are revoked by their merchant alone, with the sessions that were begun by them', async () => {
    const own = await world.newMerchant([]);
    const { body } = await own.api<{ id: string; url: string }>('POST', '/v1/portal-links', {
      body: {},
    });
    const entered = await fetch(body.url, { redirect: 'manual' });
    const cookie = entered.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = () => fetch(`${world.url}/portal`, { headers: { cookie } });
    expect((await page()).status).toBe(200);
    const path = `/v1/portal-links/${body.id}`;
    expect((await merchant.api('DELETE', path)).status).toBe(404);
    expect((await page()).status).toBe(200);
    expect((await own.api('DELETE', path)).status).toBe(204);
    expect((await page()).status).toBe(401);
    expect((await own.api('DELETE', path)).status).toBe(404);
    expect((await own.api<Links>('GET', '/v1/portal-links')).body.data).toEqual([]);
  });
});
