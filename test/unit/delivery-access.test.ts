import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createSealer } from '../../db/sealed.ts';
import { newId } from '../../domain/ids.ts';
import {
  authorizationOf,
  checkAccess,
  openAccess,
  sealAccess,
} from '../../delivery/send/access.ts';
import type { EndpointAccess, Oauth2Auth } from '../../delivery/send/access.ts';
import { testCa, testClient, testServer } from '../support/certificates.ts';

const none = { kind: 'none' } as const;
const basic = { kind: 'basic', username: 'shop', password: 'p:a:ss wörd' } as const;
const bearer = { kind: 'bearer', token: 'tok-1' } as const;
const oauth2: Oauth2Auth = {
  ...{ kind: 'oauth2', tokenUrl: 'https://login.example/token', clientId: 'shop' },
  clientSecret: 's3cret',
  scope: 'events',
};
const mtls = { kind: 'mtls', ...testClient, ca: testCa.certificate } as const;

const check = (value: unknown, allowPrivate = false) => checkAccess(value, { allowPrivate });

describe('an access is taken', () => {
  test.each<[string, EndpointAccess]>([
    ['without anything', { headers: {}, auth: none }],
    [
      'with headers',
      { headers: { 'X-Shop': 'a b', authorization: 'Key 1', 'x-e': '' }, auth: none },
    ],
    ['with a password', { headers: { 'x-shop': '1' }, auth: basic }],
    ['with a token', { headers: {}, auth: bearer }],
    ['with OAuth 2', { headers: {}, auth: oauth2 }],
    ['with OAuth 2 without a scope', { headers: {}, auth: { ...oauth2, scope: undefined } }],
    ['with a certificate', { headers: { authorization: 'Key 1' }, auth: mtls }],
  ])('%s', (_, access) => {
    expect(check(access)).toEqual([]);
  });
});

describe('an access is refused, with the place,', () => {
  const withHeaders = (headers: unknown) => ({ headers, auth: none });
  test.each([
    ...['Webhook-Id', 'webhook-anything', 'Content-Type', 'content-length', 'HOST', 'connection'],
    ...['transfer-encoding', 'user-agent', 'traceparent', 'tracestate', 'tender-payload-version'],
    ...['ce-id', 'te', 'trailer', 'upgrade', 'expect', 'proxy-authorization', 'x-forwarded-for'],
  ])('for the header %s, which is not the merchant’s', (name) => {
    expect(check(withHeaders({ [name]: 'a' }))).toEqual([
      { path: `/headers/${name}`, message: 'is set by Tender itself' },
    ]);
  });

  test.each([['a b'], ['a:'], [''], ['ä'], ['a\r\nb'], ['a'.repeat(101)]])(
    'for a header named %j',
    (name) => {
      expect(check(withHeaders({ [name]: 'a' }))).toEqual([
        { path: `/headers/${name}`, message: 'is not a valid header name' },
      ]);
    },
  );

  test.each([['a\r\nb: c'], ['a\nb'], ['a\0'], [' a'], ['a '], ['ä'], ['a'.repeat(1_025)]])(
    'for a header with the value %j',
    (value) => {
      expect(check(withHeaders({ 'x/~': 'a', 'x-shop': value }))[0]?.path).toBe('/headers/x-shop');
    },
  );

  test.each([[basic], [bearer], [oauth2]])('for a second authorization beside $kind', (auth) => {
    expect(check({ headers: { Authorization: 'Key 1' }, auth })).toEqual([
      { path: '/headers/Authorization', message: `is set by ${auth.kind} already` },
    ]);
  });

  test('for a header that is there twice, and for more than 20', () => {
    expect(check(withHeaders({ 'x-a': '1', 'X-A': '2' }))).toEqual([
      { path: '/headers/X-A', message: 'is duplicated' },
    ]);
    const many = Array.from({ length: 21 }, (_, i) => [`x-${i}`, 'a']);
    expect(check(withHeaders(Object.fromEntries(many)))).toEqual([
      { path: '/headers', message: 'must be at most 20' },
    ]);
    expect(check(withHeaders(Object.fromEntries(many.slice(1))))).toEqual([]);
  });

  test.each<[string, unknown, string]>([
    ['that is none', null, ''],
    ['with headers that are none', { headers: 'a', auth: none }, '/headers'],
    ['without auth', { headers: {} }, '/auth'],
    ['of a kind that is not known', { headers: {}, auth: { kind: 'digest' } }, '/auth/kind'],
    [
      'with a colon in the name',
      { headers: {}, auth: { ...basic, username: 'a:b' } },
      '/auth/username',
    ],
    [
      'with a line in the password',
      { headers: {}, auth: { ...basic, password: 'a\n' } },
      '/auth/password',
    ],
    [
      'with a line in the token',
      { headers: {}, auth: { ...bearer, token: 'a\r\nb' } },
      '/auth/token',
    ],
    [
      'with a space in the token',
      { headers: {}, auth: { ...bearer, token: 'a b' } },
      '/auth/token',
    ],
    [
      'with an empty secret',
      { headers: {}, auth: { ...oauth2, clientSecret: '' } },
      '/auth/clientSecret',
    ],
    ['with a field too many', { headers: {}, auth: { ...bearer, x: 1 } }, '/auth'],
  ])('%s', (_, access, path) => {
    expect(check(access)).toEqual([{ path, message: expect.any(String) }]);
  });

  test.each([
    ['nonsense', 'not_a_url'],
    ['ftp://login.example/', 'scheme_not_allowed'],
    ['https://a:b@login.example/', 'credentials_in_url'],
    ['https://127.0.0.1/token', 'private_address'],
    ['https://169.254.169.254/latest', 'private_address'],
    ['https://localhost/token', 'private_address'],
    ['http://login.example/token', 'must be https'],
  ])('for tokens from %s', (tokenUrl, message) => {
    const access = { headers: {}, auth: { ...oauth2, tokenUrl } };
    expect(check(access)).toEqual([{ path: '/auth/tokenUrl', message }]);
  });

  test('but a development instance may fetch its tokens at home', () => {
    const auth = { ...oauth2, tokenUrl: 'http://127.0.0.1:1/token' };
    expect(check({ headers: {}, auth }, true)).toEqual([]);
  });

  test.each([
    ['no certificate', { certificate: 'a' }, '/auth/certificate', /not a PEM certificate/],
    ['no key', { privateKey: testClient.certificate }, '/auth/privateKey', /not a PEM private key/],
    ['another’s key', { privateKey: testServer.privateKey }, '/auth/privateKey', /not belong/],
    ['no authority', { ca: 'a' }, '/auth/ca', /not a PEM certificate/],
  ])('with a certificate that has %s', (_, changes, path, message) => {
    expect(check({ headers: {}, auth: { ...mtls, ...changes } })).toEqual([
      { path, message: expect.stringMatching(message) },
    ]);
  });
});

describe('what is sealed', () => {
  const sealer = createSealer([randomBytes(32)]);
  const access: EndpointAccess = { headers: { 'x-shop': '1' }, auth: basic };

  test('is opened again, for its endpoint alone', () => {
    const [id, another] = [newId('endpoint'), newId('endpoint')];
    const sealedAccess = sealAccess(sealer, { endpointId: id, access });
    expect(sealedAccess).not.toContain('shop');
    expect(openAccess(sealer, { id, sealedAccess })).toEqual(access);
    expect(() => openAccess(sealer, { id: another, sealedAccess })).toThrow(/authenticate/);
  });

  test('may be nothing', () => {
    expect(openAccess(sealer, { id: newId('endpoint'), sealedAccess: null })).toEqual({
      headers: {},
      auth: none,
    });
  });
});

test('a password and a token make an authorization, as the RFCs write it', () => {
  expect(authorizationOf(basic)).toBe(
    `Basic ${Buffer.from('shop:p:a:ss wörd', 'utf8').toString('base64')}`,
  );
  // RFC 7617, 2.
  const aladdin = { kind: 'basic', username: 'Aladdin', password: 'open sesame' } as const;
  expect(authorizationOf(aladdin)).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
  expect(authorizationOf(bearer)).toBe('Bearer tok-1');
  for (const auth of [none, oauth2, mtls]) expect(authorizationOf(auth)).toBeUndefined();
});
