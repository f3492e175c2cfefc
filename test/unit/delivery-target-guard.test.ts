import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { systemLookup } from '../../outbound/name-servers.ts';
import {
  guardedLookup,
  guardedSocket,
  guardedSystemLookup,
  isPublicAddress,
  PrivateAddressError,
  refuseTarget,
} from '../../delivery/send/target-guard.ts';

const guarded = { allowPrivate: false };
const refusalOf = (target: string) => refuseTarget(target, guarded);

describe('a target within is refused, however its address is spelt', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.0.0.1./',
    'http://127.1/',
    'http://127.255.255.254/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://017700000001/',
    'http://１２７.０.０.１/',
    'http://127。0。0。1/',
    'http://%31%32%37.0.0.1/',
    'http://0/',
    'http://0.0.0.0/',
    'http://0.1.2.3/',
    'http://10.0.0.1/',
    'http://100.64.0.1/',
    'http://100.127.255.255/',
    'http://169.254.169.254/latest/meta-data',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.0.0.1/',
    'http://192.0.2.1/',
    'http://192.168.1.1/',
    'http://198.18.0.1/',
    'http://198.51.100.1/',
    'http://203.0.113.1/',
    'http://224.0.0.1/',
    'http://240.0.0.1/',
    'http://255.255.255.255/',
    'http://[::]/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::127.0.0.1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[64:ff9b::a00:1]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[100::1]/',
    'http://[2001::1]/',
    'http://[2001:db8::1]/',
    'http://[2002:7f00:1::]/',
    'http://[fc00::1]/',
    'http://[fd12:3456::1]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://[ff02::1]/',
    'http://localhost/',
    'http://LOCALHOST/',
    'http://localhost./',
    'http://shop.localhost/',
    'http://a.b.localhost./',
    'https://127.0.0.1:8443/',
  ])('%s', (target) => {
    expect(refusalOf(target)).toBe('private_address');
  });
});

test.each([
  'https://shop.example/events',
  'http://shop.example:8080/a?b=c#d',
  'https://93.184.216.34/',
  'https://1.1.1.1/',
  'https://[2606:4700:4700::1111]/',
  'https://[2001:4860:4860::8888]:8443/',
  'https://localhost.example/',
  'https://mylocalhost/',
  'https://127.0.0.1.example/',
  'https://例子.example/',
])('%s is a public target', (target) => {
  expect(refusalOf(target)).toBeUndefined();
});

test.each([
  ['', 'not_a_url'],
  ['shop.example/events', 'not_a_url'],
  ['/events', 'not_a_url'],
  ['http://', 'not_a_url'],
  ['http://[::1/', 'not_a_url'],
  ['http://[fe80::1%25eth0]/', 'not_a_url'],
  ['http://256.256.256.256/', 'not_a_url'],
  ['http://a b/', 'not_a_url'],
  ['ftp://shop.example/', 'scheme_not_allowed'],
  ['file:///etc/passwd', 'scheme_not_allowed'],
  ['gopher://127.0.0.1/', 'scheme_not_allowed'],
  ['javascript:alert(1)', 'scheme_not_allowed'],
  ['data:text/plain,x', 'scheme_not_allowed'],
  ['https://user:pass@shop.example/', 'credentials_in_url'],
  ['https://user@shop.example/', 'credentials_in_url'],
  ['https://:pass@shop.example/', 'credentials_in_url'],
] as const)('%j is refused as %s, in development too', (target, refusal) => {
  expect(refusalOf(target)).toBe(refusal);
  expect(refuseTarget(target, { allowPrivate: true })).toBe(refusal);
});

test('a development instance may call itself', () => {
  expect(refuseTarget('http://127.0.0.1:4000/', { allowPrivate: true })).toBeUndefined();
  expect(refuseTarget('http://localhost:4000/', { allowPrivate: true })).toBeUndefined();
});

test('no number that stands for a loopback or private address gets through', () => {
  const loopback = fc.nat({ max: 2 ** 24 - 1 }).map((rest) => 127 * 2 ** 24 + rest);
  const tenth = fc.nat({ max: 2 ** 24 - 1 }).map((rest) => 10 * 2 ** 24 + rest);
  fc.assert(
    fc.property(fc.oneof(loopback, tenth), fc.constantFrom(8, 10, 16), (address, base) => {
      const prefix = { 8: '0', 10: '', 16: '0x' }[base] ?? '';
      expect(refusalOf(`http://${prefix}${address.toString(base)}/`)).toBe('private_address');
    }),
  );
});

test('an IPv4 address within is no better for being dressed as IPv6', () => {
  const octet = fc.nat({ max: 255 });
  fc.assert(
    fc.property(fc.constantFrom('::', '::ffff:', '64:ff9b::'), octet, octet, (prefix, a, b) => {
      expect(isPublicAddress(`${prefix}10.${a}.${b}.1`)).toBe(false);
    }),
  );
});

test('what is no address at all is not public', () => {
  const none = ['', 'localhost', 'shop.example', '1.2.3.4.5', '::g', 'fe80::1%eth0'];
  expect(none.filter(isPublicAddress)).toEqual([]);
});

test('judging a target never throws', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl()), (target) => {
      expect(() => refusalOf(target)).not.toThrow();
    }),
  );
});

describe('a name', () => {
  const resolve = (name: string, all: boolean) =>
    new Promise((done) => {
      guardedLookup()(name, { all }, (error, address) => done(error ?? address));
    });

  test('that resolves to loopback is not handed out', async () => {
    expect(await resolve('localhost', true)).toBeInstanceOf(PrivateAddressError);
    expect(await resolve('localhost', false)).toBeInstanceOf(PrivateAddressError);
  });

  test('that does not resolve is an error of the resolver', async () => {
    expect(await resolve('does-not-exist.invalid', true)).toMatchObject({
      code: expect.stringMatching(/^E(NOTFOUND|AI_AGAIN)$/),
    });
  });

  test('that stands for a public address is handed out, in either form', async () => {
    expect(await resolve('1.1.1.1', true)).toEqual([{ address: '1.1.1.1', family: 4 }]);
    expect(await resolve('1.1.1.1', false)).toBe('1.1.1.1');
  });
});

describe('a socket that a client opens by host and port', () => {
  test.each(['127.0.0.1', '10.0.0.1', '::1', '169.254.169.254'])('is not opened to %s', (host) => {
    expect(() => guardedSocket(host, { allowPrivate: false })).toThrow(PrivateAddressError);
    expect(guardedSocket(host, { allowPrivate: true })).toEqual({ lookup: systemLookup });
  });

  test('looks names up where only public addresses come out', () => {
    const guarded = { lookup: guardedSystemLookup };
    expect(guardedSocket('mq.shop.example', { allowPrivate: false })).toEqual(guarded);
    expect(guardedSocket('93.184.215.14', { allowPrivate: false })).toEqual(guarded);
  });
});
