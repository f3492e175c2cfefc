import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newSecret } from '../../delivery/send/sign.ts';
import type { EndpointAuth } from '../../delivery/send/access.ts';
import { testCa, testClient, testServer } from '../support/certificates.ts';
import { openDelivering, paidEvent } from '../support/delivering.ts';
import { serve } from '../support/serve.ts';
import type { Answer, Request } from '../support/serve.ts';
import { until } from '../support/until.ts';

let scene: ReturnType<typeof openDelivering>;
beforeEach(() => {
  scene = openDelivering();
});
afterEach(() => scene.close());

test('an endpoint’s own headers, password and token come with every delivery', async () => {
  const { url, got } = await scene.receiver();
  const auths: EndpointAuth[] = [
    { kind: 'none' },
    { kind: 'basic', username: 'shop', password: 'pässword' },
    { kind: 'bearer', token: 'tok-1' },
  ];
  for (const auth of auths) {
    const endpoint = scene.endpoint({
      access: { headers: { 'X-Shop': '7' }, auth },
      settings: { url },
    });
    await scene.attempt(paidEvent(endpoint));
  }
  const basic = Buffer.from('shop:pässword').toString('base64');
  expect(got.map(({ headers }) => headers['authorization'])).toEqual([
    undefined,
    `Basic ${basic}`,
    'Bearer tok-1',
  ]);
  expect(got.map(({ headers }) => headers['x-shop'])).toEqual(['7', '7', '7']);
});

test('a delivery signed by a key pair names its key', async () => {
  const { url, got } = await scene.receiver();
  const { secret } = newSecret('ed25519');
  await scene.attempt(paidEvent(scene.endpoint({ secret, settings: { url } })));
  expect(got[0]?.headers['webhook-signature']).toMatch(/^v1a,/);
  expect(got[0]?.headers['webhook-key-id']).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

describe('an endpoint behind OAuth 2', () => {
  const tokenAnswer = (token: string, fields = {}): Answer => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      access_token: token,
      token_type: 'Bearer',
      expires_in: 3_600,
      ...fields,
    }),
  });

  async function behind(
    tokenServer: (request: Request, count: number) => Answer | void | Promise<Answer | void>,
    receive: (request: Request) => Answer | void = () => {},
  ) {
    let count = 0;
    const login = await scene.receiver((request) => tokenServer(request, (count += 1)));
    const shop = await scene.receiver(receive);
    const endpoint = scene.endpoint({
      access: {
        auth: {
          kind: 'oauth2',
          tokenUrl: `${login.url}token`,
          clientId: 'shop:1',
          clientSecret: 's3cret &',
          scope: 'a b',
        },
      },
      settings: { url: shop.url },
    });
    return { login, shop, endpoint };
  }

  test('gets a token by the client’s credentials, one for many deliveries at once', async () => {
    const { login, shop, endpoint } = await behind((_, count) => tokenAnswer(`tok-${count}`));
    const many = Array.from({ length: 30 }, () => scene.attempt(paidEvent(endpoint)));
    for (const outcome of await Promise.all(many)) expect(outcome.kind).toBe('delivered');
    await scene.attempt(paidEvent({ ...endpoint }));
    expect(login.got).toHaveLength(1);
    const [asked] = login.got;
    expect(asked?.path).toBe('/token');
    expect(new URLSearchParams(asked?.body.toString())).toEqual(
      new URLSearchParams({ scope: 'a b', grant_type: 'client_credentials' }),
    );
    // RFC 6749, 2.3.1: each of the two form-encoded.
    expect(Buffer.from(String(asked?.headers.authorization).slice(6), 'base64').toString()).toBe(
      'shop%3A1:s3cret+%26',
    );
    expect(new Set(shop.got.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer tok-1']),
    );
    expect(shop.got).toHaveLength(31);
  });

  test('gets a new one when the old one has expired', async () => {
    const { login, shop, endpoint } = await behind((_, count) =>
      tokenAnswer(`tok-${count}`, { expires_in: count === 1 ? 0 : 3_600 }),
    );
    for (let i = 0; i < 3; i++) await scene.attempt(paidEvent(endpoint));
    expect(shop.got.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer tok-1',
      'Bearer tok-2',
      'Bearer tok-2',
    ]);
    expect(login.got).toHaveLength(2);
  });

  test('drops a token that the receiver refuses, once for all who had it', async () => {
    const { login, shop, endpoint } = await behind(
      (_, count) => tokenAnswer(`tok-${count}`),
      ({ headers }) => ({ status: headers.authorization === 'Bearer tok-1' ? 401 : 204 }),
    );
    const refused = await Promise.all([1, 2, 3].map(() => scene.attempt(paidEvent(endpoint))));
    for (const outcome of refused)
      expect(outcome).toMatchObject({ kind: 'retry', statusCode: 401 });
    const again = await Promise.all([1, 2, 3].map(() => scene.attempt(paidEvent(endpoint))));
    for (const outcome of again) expect(outcome.kind).toBe('delivered');
    expect(login.got).toHaveLength(2);
    expect(shop.got).toHaveLength(6);
  });

  test('keeps the newer token when the refusal of an older one comes late', async () => {
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isFirst = true;
    const { login, endpoint } = await behind((_, count) => tokenAnswer(`tok-${count}`));
    const shop = await scene.receiver(async ({ headers }) => {
      const isHeld = isFirst;
      isFirst = false;
      if (isHeld) await held;
      return { status: headers.authorization === 'Bearer tok-1' ? 401 : 204 };
    });
    const there = { ...endpoint, url: shop.url };
    const slow = scene.attempt(paidEvent(there));
    await until('the slow one is under way', () => shop.got.length === 1);
    await scene.attempt(paidEvent(there));
    await scene.attempt(paidEvent(there));
    expect(login.got).toHaveLength(2);
    letGo();
    expect(await slow).toMatchObject({ statusCode: 401 });
    await scene.attempt(paidEvent(there));
    expect(login.got).toHaveLength(2);
  });

  test.each<[string, Answer, RegExp]>([
    [
      'refuses the client',
      {
        status: 401,
        headers: { 'content-type': 'application/json' },
        body: '{"error":"invalid_client","error_description":"who?"}',
      },
      /401 invalid_client who\?/,
    ],
    ['is broken', { status: 500, body: 'oops' }, /no token/],
    [
      'answers something else',
      { status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' },
      /no token/,
    ],
    ['redirects', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }, /no token/],
    ['answers too much', { ...tokenAnswer('a'.repeat(100_000)) }, /no token/],
    ['gives a token of another type', tokenAnswer('a', { token_type: 'DPoP' }), /dpop/],
    ['gives a token that is no header', tokenAnswer('a\r\nb: c'), /not valid in a header/],
    ['gives no token', tokenAnswer('a', { access_token: undefined }), /no token/],
  ])('whose token server %s is a failed attempt, and is asked again', async (_, answer, said) => {
    const { shop, endpoint } = await behind((_request, count) =>
      count === 1 ? answer : tokenAnswer('tok'),
    );
    expect(await scene.attempt(paidEvent(endpoint))).toMatchObject({
      kind: 'retry',
      statusCode: null,
      error: 'oauth2_token',
      responseBody: expect.stringMatching(said),
    });
    expect(shop.got).toEqual([]);
    expect(await scene.attempt(paidEvent(endpoint))).toMatchObject({ kind: 'delivered' });
  });

  test('says nothing of the client’s secret when it fails', async () => {
    const { endpoint } = await behind(() => ({ status: 400, body: 'no' }));
    expect(JSON.stringify(await scene.attempt(paidEvent(endpoint)))).not.toContain('s3cret');
  });

  test('whose token server is an address within is refused, without a connection', async () => {
    const guarded = openDelivering({ allowPrivate: false });
    const { url, seen } = await guarded.receiver();
    const { port } = new URL(url);
    for (const host of ['127.0.0.1', 'localhost', 'localhost.', '[::1]', '0x7f.1']) {
      const tokenUrl = `http://${host}:${port}/token`;
      const auth = { kind: 'oauth2', tokenUrl, clientId: 'a', clientSecret: 'b' } as const;
      const endpoint = guarded.endpoint({ access: { auth } });
      expect(await guarded.attempt(paidEvent(endpoint))).toMatchObject({ error: 'oauth2_token' });
    }
    expect(seen.connections).toBe(0);
    await guarded.close();
  });
});

describe('an endpoint that wants a certificate', () => {
  const { certificate, privateKey } = testClient;

  async function wantingCertificate() {
    const subjects: unknown[] = [];
    const { port, seen, open, close } = await serve(
      (request, response) => {
        subjects.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN);
        response.writeHead(204).end();
      },
      {
        cert: testServer.certificate,
        key: testServer.privateKey,
        ca: testCa.certificate,
        requestCert: true,
        rejectUnauthorized: true,
      },
    );
    scene.closeLater(close);
    return { url: `https://127.0.0.1:${port}/`, subjects, seen, open };
  }

  test('is shown its own, over connections that are kept', async () => {
    const { url, subjects, seen } = await wantingCertificate();
    const auth = { kind: 'mtls', certificate, privateKey, ca: testCa.certificate } as const;
    const endpoint = scene.endpoint({ access: { auth }, settings: { url } });
    // A change of something else opens no new ones.
    for (let i = 0; i < 12; i++) {
      const row = { ...endpoint, payloadVersion: String(i) };
      expect(await scene.attempt(paidEvent(row))).toMatchObject({ kind: 'delivered' });
    }
    expect(subjects).toEqual(Array.from({ length: 12 }, () => 'client'));
    expect(seen.connections).toBeLessThan(4);
  });

  test('is not reached with that of a neighbour, or with none', async () => {
    const { url, subjects } = await wantingCertificate();
    const auth = { kind: 'mtls', certificate, privateKey, ca: testCa.certificate } as const;
    const own = scene.endpoint({ access: { auth }, settings: { url } });
    await scene.attempt(paidEvent(own));
    const other = { ...auth, ...testServer };
    const neighbour = scene.endpoint({ access: { auth: other }, settings: { url } });
    await scene.attempt(paidEvent(neighbour));
    expect(subjects).toEqual(['client', 'server']);
    const without = scene.endpoint({ settings: { url } });
    expect(await scene.attempt(paidEvent(without))).toMatchObject({
      kind: 'retry',
      statusCode: null,
    });
  });

  test('is not trusted without its authority', async () => {
    const { url, subjects } = await wantingCertificate();
    const auth = { kind: 'mtls', certificate, privateKey } as const;
    const endpoint = scene.endpoint({ access: { auth }, settings: { url } });
    expect(await scene.attempt(paidEvent(endpoint))).toMatchObject({
      kind: 'retry',
      statusCode: null,
    });
    expect(subjects).toEqual([]);
  });

  test('with a certificate that is none is a failed attempt, not a fault', async () => {
    const { url } = await wantingCertificate();
    const auth = { kind: 'mtls', certificate: 'a', privateKey: 'b' } as const;
    const endpoint = scene.endpoint({ access: { auth }, settings: { url } });
    expect(await scene.attempt(paidEvent(endpoint))).toMatchObject({
      kind: 'retry',
      statusCode: null,
    });
  });

  test('at an address within is refused, without a connection', async () => {
    const { url, seen } = await wantingCertificate();
    const guarded = openDelivering({ allowPrivate: false });
    const auth = { kind: 'mtls', certificate, privateKey, ca: testCa.certificate } as const;
    for (const host of ['127.0.0.1', 'localhost.']) {
      const there = url.replace('127.0.0.1', host);
      const endpoint = guarded.endpoint({ access: { auth }, settings: { url: there } });
      expect(await guarded.attempt(paidEvent(endpoint))).toMatchObject({
        kind: 'retry',
        statusCode: null,
      });
    }
    expect(seen.connections).toBe(0);
    await guarded.close();
  });

  test('does not keep those of more than 256 certificates open, and none after the end', async () => {
    const { url, subjects, open } = await wantingCertificate();
    const auth = { kind: 'mtls', certificate, privateKey, ca: testCa.certificate } as const;
    const endpoints = Array.from({ length: 260 }, () =>
      scene.endpoint({ access: { auth }, settings: { url } }),
    );
    for (const endpoint of [...endpoints, ...endpoints.slice(0, 3)]) {
      expect(await scene.attempt(paidEvent(endpoint))).toMatchObject({ kind: 'delivered' });
    }
    expect(subjects).toHaveLength(263);
    await until('the oldest are closed', async () => (await open()) <= 256);
    await scene.sender.close();
    await until('all are closed', async () => (await open()) === 0);
  });
});
