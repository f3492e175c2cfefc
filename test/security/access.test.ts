import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newApiKey } from '../../api/keys.ts';
import { insertApiKey } from '../../db/queries/merchants.ts';
import { apiKeys } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import { createKey } from '../../cli/open-account.ts';
import { apiClient } from '../support/api-client.ts';
import { newOrder } from '../support/orders.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
let routes: { method: string; path: string; body?: unknown }[];
beforeAll(async () => {
  world = await openWorld({
    hasWorker: false,
    limits: { failedKeysPerMinutePerAddress: 10_000 },
  });
  merchant = await world.newMerchant();
  routes = await listRoutes();
});
afterAll(() => world.close());

/** Every operation of the description, with a well-formed request for it. */
async function listRoutes() {
  const { body } = await apiClient({ url: world.url })<{
    paths: Record<string, Record<string, { requestBody?: unknown }>>;
  }>('GET', '/openapi.json');
  const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path: path
        .replace('{orderId}', newId('order'))
        .replace('{endpointId}', newId('endpoint'))
        .replace('{refundId}', newId('refund'))
        .replace('{eventId}', newId('event'))
        .replace('{replayId}', newId('replay'))
        .replace('{messageId}', newId('message'))
        .replace('{sessionId}', newId('session'))
        .replace('{topicId}', newId('topic'))
        .replace('{portalLinkId}', newId('portalLink')),
      ...(requestBody !== undefined && { body: bodyOf(path) }),
    })),
  );
  // Public keys are for everybody. What removes something comes last.
  return operations
    .filter(({ path }) => path.startsWith('/v1/'))
    .toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));
}

/** What a route takes, so that nothing but the key, or the owner, stands in the way. */
function bodyOf(path: string): unknown {
  const bodies: Record<string, unknown> = {
    refunds: { merchantRefundNo: 'R-1' },
    payments: { method: 'alipay.qr' },
    resolve: { verb: 'close', note: 'seen' },
    capture: {},
    'rotate-secret': {},
    '{endpointId}': {},
  };
  return bodies[path.split('/').at(-1) ?? ''] ?? newOrder();
}

async function keyThat(changes: { expiresAt?: Date; revokedAt?: Date }): Promise<string> {
  const { key, keyHash, hint } = newApiKey();
  const { merchantId } = merchant;
  const { expiresAt = null, revokedAt } = changes;
  const { id } = await insertApiKey(world.db, { merchantId, keyHash, hint, expiresAt });
  if (revokedAt) {
    await world.db
      .update(apiKeys)
      .set({ revokedAt })
      .where(eq(apiKeys.id, id as `key_${string}`));
  }
  return key;
}

/** The routes that are not closed to this header, or say what they were sent. */
async function routesOpenTo(authorization: string | undefined): Promise<string[]> {
  if (routes.length < 8) throw new Error('the description has lost its routes');
  const open: string[] = [];
  for (const { method, path, body } of routes) {
    const { status, headers, text } = await apiClient({ url: world.url })(method, path, {
      body,
      ...(authorization !== undefined && { headers: { authorization } }),
    });
    const isClosed =
      status === 401 &&
      headers.get('www-authenticate')?.startsWith('Bearer ') === true &&
      headers.get('content-type') === 'application/problem+json';
    const sent = authorization?.split(' ').at(-1) ?? '';
    const isRepeated = sent.length > 8 && text.includes(sent);
    if (!isClosed || isRepeated) open.push(`${method} ${path}: ${status} ${text}`);
  }
  return open;
}

describe('every route of the API is closed', () => {
  test('without a key', async () => {
    expect(await routesOpenTo(undefined)).toEqual([]);
  });

  test('with a key that never was', async () => {
    expect(await routesOpenTo(`Bearer ${newApiKey().key}`)).toEqual([]);
  });

  test('with a key that is revoked', async () => {
    const key = await keyThat({ revokedAt: new Date() });
    expect(await routesOpenTo(`Bearer ${key}`)).toEqual([]);
  });

  test('with a key that has expired', async () => {
    const key = await keyThat({ expiresAt: new Date(Date.now() - 1_000) });
    expect(await routesOpenTo(`Bearer ${key}`)).toEqual([]);
  });

  test.each([
    'Bearer',
    'Bearer ',
    'Bearer null',
    'Bearer tk_',
    "Bearer 'or'1'='1'--",
    'Basic dGs6',
    'tk_',
  ])('with %j', async (authorization) => {
    expect(await routesOpenTo(authorization)).toEqual([]);
  });

  test('with a right key in any other place than the header', async () => {
    const { key } = merchant;
    expect(await routesOpenTo(`Basic ${Buffer.from(`${key}:`).toString('base64')}`)).toEqual([]);
    expect(await routesOpenTo(key)).toEqual([]);
    expect(await routesOpenTo(`Bearer  ${key} x`)).toEqual([]);
    const { status } = await apiClient({ url: world.url })('GET', `/v1/orders?api_key=${key}`);
    expect(status).toBe(401);
    const cookie = await apiClient({ url: world.url })('GET', '/v1/orders', {
      headers: { cookie: `key=${key}`, 'x-api-key': key },
    });
    expect(cookie.status).toBe(401);
  });

  test('also where there is no route: strangers learn nothing', async () => {
    const stranger = apiClient({ url: world.url });
    for (const path of ['/v1/', '/v1/nothing', '/v1/orders/x/y', '/v1//orders']) {
      expect(`${path} ${(await stranger('GET', path)).status}`).toBe(`${path} 401`);
    }
    for (const path of ['/V1/orders', '/v1/../v1/orders', '//v1/orders']) {
      expect([401, 404]).toContain((await stranger('GET', path)).status);
    }
  });

  test('for a wrong body too: it is not even read', async () => {
    const { status } = await apiClient({ url: world.url })('POST', '/v1/orders', { body: '{' });
    expect(status).toBe(401);
  });
});

describe('a key', () => {
  test('that expires later opens until then, and a second one overlaps', async () => {
    const { key } = await createKey(world.db, {
      merchantId: merchant.merchantId,
      expiresAt: new Date(Date.now() + 3_600_000),
    });
    for (const each of [key, merchant.key]) {
      expect((await apiClient({ url: world.url, key: each })('GET', '/v1/orders')).status).toBe(
        200,
      );
    }
  });

  test('opens nothing that belongs to another merchant', async () => {
    const other = await world.newMerchant();
    const made = await other.api<{ id: string }>('POST', '/v1/endpoints', {
      body: { url: 'https://shop.example/' },
    });
    const order = await other.api<{ id: string }>('POST', '/v1/orders', {
      body: newOrder(),
      headers: { prefer: 'respond-async' },
    });
    expect([made.status, order.status]).toEqual([201, 202]);
    for (const { method, path, body } of routes) {
      const theirs = path.replace(/ord_\w+/, order.body.id).replace(/ep_\w+/, made.body.id);
      if (theirs === path) continue;
      const headers = { prefer: 'respond-async' };
      expect((await merchant.api(method, theirs, { headers, body })).status).toBe(404);
      // Its owner finds it, whatever state it is in for this; but not what never was.
      if (/evt_/.test(theirs)) continue;
      expect((await other.api(method, theirs, { headers, body })).status).not.toBe(404);
    }
    // A stream does not end by itself.
    const ending = routes.filter(({ path }) => path !== '/v1/events/stream');
    for (const { method, path } of ending.filter((route) => route.method === 'GET')) {
      const { text } = await merchant.api(method, path);
      for (const secret of [order.body.id, made.body.id, other.merchantId]) {
        expect(text).not.toContain(secret);
      }
    }
  });
});
