import { createLocalJWKSet, importJWK } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endpoints } from '../../db/schema/index.ts';
import { newId } from '../../domain/ids.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { publishedKey } from '../../delivery/send/public-key.ts';
import { apiClient } from '../support/api-client.ts';
import { openOrder } from '../support/orders.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { openWorld } from '../support/world.ts';
import type { TestMerchant, World } from '../support/world.ts';

let world: World;
let merchant: TestMerchant;
let receiver: Receiver;
beforeAll(async () => {
  world = await openWorld();
  merchant = await world.newMerchant();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await world.close();
});

type EndpointBody = { id: EndpointId; publicKey: string | null; secret: string | null };

async function newEndpoint(settings: Record<string, unknown> = {}): Promise<EndpointBody> {
  const { body, status } = await merchant.api<EndpointBody>('POST', '/v1/endpoints', {
    body: { url: receiver.url, eventTypes: ['order.created'], signature: 'ed25519', ...settings },
  });
  expect(status).toBe(201);
  return body;
}

/** As anybody reads it: without a key of the API. */
const ask = (query = '') =>
  apiClient({ url: world.url })<JSONWebKeySet>('GET', `/.well-known/jwks.json${query}`);
const keysOf = async ({ id }: { id: EndpointId }) => (await ask(`?endpoint=${id}`)).body.keys;
const published = ({ publicKey }: EndpointBody) => publishedKey(publicKey ?? '');

const rotate = ({ id }: EndpointBody, graceSeconds: number) =>
  merchant
    .api<EndpointBody>('POST', `/v1/endpoints/${id}/rotate-secret`, { body: { graceSeconds } })
    .then(({ body, status }) => {
      expect(status).toBe(200);
      return body;
    });

describe('the published keys', () => {
  test('are those of the endpoint, for anybody, and may be kept for five minutes', async () => {
    const endpoint = await newEndpoint();
    const { status, body, headers } = await ask(`?endpoint=${endpoint.id}`);
    expect(status).toBe(200);
    expect(body).toEqual({ keys: [published(endpoint)] });
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    // The seed never leaves: neither with the endpoint nor with its key.
    expect(endpoint.secret).toBeNull();
    expect(body.keys[0]).not.toHaveProperty('d');
  });

  test('keep the one before until a rotation’s grace is over, the current one first', async () => {
    const before = await newEndpoint();
    const after = await rotate(before, 3_600);
    expect(await keysOf(before)).toEqual([published(after), published(before)]);
    await world.db
      .update(endpoints)
      .set({ previousSecretUntil: new Date(Date.now() - 1_000) })
      .where(eq(endpoints.id, before.id));
    expect(await keysOf(before)).toEqual([published(after)]);
  });

  test('lose one that has leaked at once', async () => {
    const before = await newEndpoint();
    const after = await rotate(before, 0);
    expect(await keysOf(before)).toEqual([published(after)]);
  });

  test('are none where the endpoint shares a secret, or is not there', async () => {
    expect(await keysOf(await newEndpoint({ signature: 'hmac' }))).toEqual([]);
    expect(await keysOf({ id: newId('endpoint') })).toEqual([]);
  });

  test('are all there are when no endpoint is named, the newest first', async () => {
    const older = await newEndpoint();
    const newer = await newEndpoint();
    const { body } = await ask();
    expect(body.keys.slice(0, 2)).toEqual([published(newer), published(older)]);
  });

  test('are asked for by an id and nothing else', async () => {
    for (const query of ['?endpoint=ep_1', '?endpoint=', '?endpoints=ep_1']) {
      const { status, headers } = await ask(query);
      expect(status).toBe(400);
      expect(headers.get('content-type')).toBe('application/problem+json');
    }
  });

  test('verify what is delivered, found by the name in its headers', async () => {
    const endpoint = await newEndpoint();
    const order = await openOrder(merchant);
    const isOurs = ({ headers }: { headers: Record<string, string> }) =>
      headers['webhook-key-id'] === published(endpoint).kid;
    const delivery = await until('delivered', () => receiver.received.find(isOurs));
    const { headers, rawBody, event } = delivery;
    expect(event.data.id).toBe(order.id);
    const keySet = createLocalJWKSet((await ask(`?endpoint=${endpoint.id}`)).body);
    const kid = headers['webhook-key-id'] ?? '';
    const jwk = keySet.jwks().keys.find((one) => one.kid === kid);
    const key = await importJWK(jwk!, 'EdDSA');
    if (key instanceof Uint8Array) throw new Error('not a public key');
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${rawBody}`;
    const signature = Buffer.from(headers['webhook-signature']!.slice('v1a,'.length), 'base64');
    const isVerified = (text: string) =>
      crypto.subtle.verify('Ed25519', key, signature, Buffer.from(text));
    expect(await isVerified(content)).toBe(true);
    expect(await isVerified(content.replace('ord_', 'ore_'))).toBe(false);
  });
});
