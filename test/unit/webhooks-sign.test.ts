import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { newSecret, signedHeaders, signingKey } from '../../webhooks/sign.ts';

const nowSeconds = () => Math.floor(Date.now() / 1_000);
const body = fc.json().map((text) => JSON.stringify({ text }));

test('a fresh secret has the prefix and 32 random bytes, and is never the same', () => {
  const secrets = Array.from({ length: 100 }, newSecret);
  expect(new Set(secrets).size).toBe(100);
  for (const secret of secrets) {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
    expect(Buffer.from(secret.slice('whsec_'.length), 'base64')).toHaveLength(32);
  }
});

test("the specification's example is signed as it says", () => {
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  const secret = 'whsec_plJ3nmyCDGBKInavdOK15jsl';
  const payload = '{"event_type":"ping","data":{"success":true}}';
  const headers = signedHeaders({
    id: 'msg_loFOjxBNrRLzqYUf',
    timestampSeconds: 1_731_705_121,
    body: payload,
    key: signingKey(secret),
  });
  expect(headers).toEqual({
    'webhook-id': 'msg_loFOjxBNrRLzqYUf',
    'webhook-timestamp': '1731705121',
    'webhook-signature': 'v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=',
  });
});

test('the official library accepts what we sign, whatever the body', () => {
  fc.assert(
    fc.property(body, fc.uuid(), (text, id) => {
      const secret = newSecret();
      const headers = signedHeaders({
        id,
        timestampSeconds: nowSeconds(),
        body: text,
        key: signingKey(secret),
      });
      expect(new Webhook(secret).verify(text, headers)).toEqual(JSON.parse(text));
    }),
  );
});

test('the official library and we sign alike', () => {
  const secret = newSecret();
  const timestampSeconds = 1_700_000_000;
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uuid(), (text, id) => {
      const theirs = new Webhook(secret).sign(id, new Date(timestampSeconds * 1_000), text);
      const ours = signedHeaders({ id, timestampSeconds, body: text, key: signingKey(secret) });
      expect(ours['webhook-signature']).toBe(theirs);
    }),
  );
});

test('another body, id, time or secret is refused', () => {
  const secret = newSecret();
  const signed = {
    id: 'evt_1',
    timestampSeconds: nowSeconds(),
    body: '{"a":1}',
    key: signingKey(secret),
  };
  const headers = signedHeaders(signed);
  const verify = (changes: object, text = signed.body, key = secret) =>
    new Webhook(key).verify(text, { ...headers, ...changes });
  expect(() => verify({})).not.toThrow();
  expect(() => verify({}, '{"a":2}')).toThrow(/signature/);
  expect(() => verify({ 'webhook-id': 'evt_2' })).toThrow(/signature/);
  expect(() => verify({ 'webhook-timestamp': String(signed.timestampSeconds - 1) })).toThrow(
    /signature/,
  );
  expect(() => verify({}, signed.body, newSecret())).toThrow(/signature/);
});
