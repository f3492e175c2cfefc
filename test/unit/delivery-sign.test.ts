import { createPublicKey, verify } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { publishedKey } from '../../delivery/send/public-key.ts';
import { newSecret, signatureOf, signedHeaders, signingKey } from '../../delivery/send/sign.ts';

const nowSeconds = () => Math.floor(Date.now() / 1_000);
const body = fc.json().map((text) => JSON.stringify({ text }));
const newHmac = () => newSecret('hmac').secret;
const base64 = (text: string) => Buffer.from(text, 'base64');

test('a fresh shared secret has the prefix and 32 random bytes, and is never the same', () => {
  const secrets = Array.from({ length: 100 }, newHmac);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
    expect(base64(secret.slice('whsec_'.length))).toHaveLength(32);
  }
  expect(newSecret('hmac').publicKey).toBeNull();
});

test('a fresh key pair has the prefixes, 64 and 32 bytes, and the one holds the other', () => {
  const pairs = Array.from({ length: 20 }, () => newSecret('ed25519'));
  expect(new Set(pairs.map(({ secret }) => secret)).size).toBe(20);
  for (const { secret, publicKey } of pairs) {
    expect(secret).toMatch(/^whsk_[A-Za-z0-9+/]+=*$/);
    expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]+=*$/);
    const pair = base64(secret.slice('whsk_'.length));
    expect(pair).toHaveLength(64);
    expect(pair.subarray(32)).toEqual(base64((publicKey ?? '').slice('whpk_'.length)));
  }
});

test.each([
  '',
  'secret',
  'whpk_abc',
  'whsk_abc',
  `whsk_${Buffer.alloc(63).toString('base64')}`,
  newHmac().slice(1),
])('%j is no secret, and is not said again', (secret) => {
  expect(() => signingKey(secret)).toThrow(/^not a signing secret of Standard Webhooks$/);
});

describe('signed with a shared secret', () => {
  test("the specification's example is signed as it says", () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    const secret = 'whsec_plJ3nmyCDGBKInavdOK15jsl';
    const payload = '{"event_type":"ping","data":{"success":true}}';
    const headers = signedHeaders({
      id: 'msg_loFOjxBNrRLzqYUf',
      timestampSeconds: 1_731_705_121,
      body: payload,
      keys: [signingKey(secret)],
    });
    expect(headers).toEqual({
      'webhook-id': 'msg_loFOjxBNrRLzqYUf',
      'webhook-timestamp': '1731705121',
      'webhook-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
    });
  });

  test('the official library accepts it, whatever the body', () => {
    fc.assert(
      fc.property(body, fc.uuid(), (text, id) => {
        const secret = newHmac();
        const headers = signedHeaders({
          id,
          timestampSeconds: nowSeconds(),
          body: text,
          keys: [signingKey(secret)],
        });
        expect(new Webhook(secret).verify(text, headers)).toEqual(JSON.parse(text));
      }),
    );
  });

  test('the official library and we sign alike, text or bytes', () => {
    const secret = newHmac();
    const keys = [signingKey(secret)];
    const timestampSeconds = 1_700_000_000;
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uuid(), (text, id) => {
        const theirs = new Webhook(secret).sign(id, new Date(timestampSeconds * 1_000), text);
        expect(signatureOf({ id, timestampSeconds, body: text, keys })).toBe(theirs);
        const bytes = Buffer.from(text);
        expect(signatureOf({ id, timestampSeconds, body: bytes, keys })).toBe(theirs);
      }),
    );
  });

  test('another body, id, time or secret is refused', () => {
    const secret = newHmac();
    const signed = {
      id: 'evt_1',
      timestampSeconds: nowSeconds(),
      body: '{"a":1}',
      keys: [signingKey(secret)],
    };
    const headers = signedHeaders(signed);
    const verified = (changes: object, text = signed.body, key = secret) =>
      new Webhook(key).verify(text, { ...headers, ...changes });
    expect(() => verified({})).not.toThrow();
    expect(() => verified({}, '{"a":2}')).toThrow(/signature/);
    expect(() => verified({ 'webhook-id': 'evt_2' })).toThrow(/signature/);
    expect(() => verified({ 'webhook-timestamp': String(signed.timestampSeconds - 1) })).toThrow(
      /signature/,
    );
    expect(() => verified({}, signed.body, newHmac())).toThrow(/signature/);
  });
});

/** The public half, read by Node from what is published, not from the secret. */
function publicHalf(publicKey: string | null) {
  const { kty, crv, x } = publishedKey(publicKey ?? '');
  return createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
}

describe('signed with a key pair', () => {
  const { secret, publicKey } = newSecret('ed25519');

  test('whoever has the public half can verify, whatever the body, text or bytes', () => {
    const key = publicHalf(publicKey);
    const keys = [signingKey(secret)];
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uuid(), fc.boolean(), (text, id, isText) => {
        const signed = isText ? text : Buffer.from(text);
        const signature = signatureOf({ id, timestampSeconds: 1, body: signed, keys });
        expect(signature).toMatch(/^v1a,/);
        const bytes = base64(signature.slice('v1a,'.length));
        expect(verify(null, Buffer.from(`${id}.1.${text}`), key, bytes)).toBe(true);
        expect(verify(null, Buffer.from(`${id}.2.${text}`), key, bytes)).toBe(false);
      }),
    );
  });

  test('its key is published with the thumbprint that deliveries name it by', async () => {
    const key = publishedKey(publicKey ?? '');
    expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA' });
    expect(key.kid).toBe(await calculateJwkThumbprint(key, 'sha256'));
    expect(signingKey(secret)).toMatchObject({ kind: 'ed25519', id: key.kid });
  });

  test("RFC 8037's example key has its thumbprint", () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    const { kid } = publishedKey(`whpk_${Buffer.from(x, 'base64url').toString('base64')}`);
    expect(kid).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });
});

test('several keys give several signatures in their order, each right by itself', () => {
  const [first, second] = [newHmac(), newHmac()];
  const pair = newSecret('ed25519');
  const signed = { id: 'evt_1', timestampSeconds: nowSeconds(), body: '{"a":1}' };
  const keys = [first, pair.secret, second].map(signingKey);
  const headers = signedHeaders({ ...signed, keys });
  const signatures = headers['webhook-signature'].split(' ');
  expect(signatures).toEqual(keys.map((key) => signatureOf({ ...signed, keys: [key] })));
  for (const secret of [first, second]) {
    expect(new Webhook(secret).verify(signed.body, headers)).toEqual({ a: 1 });
  }
});
