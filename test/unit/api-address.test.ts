import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createAddressOf } from '../../api/limits/address.ts';

async function addressOf(input: { remote: string; forwarded?: string; trusted?: string[] }) {
  const addressOf = createAddressOf({ trustedProxies: input.trusted ?? [] });
  const app = new Hono().get('/', (c) => c.text(addressOf(c)));
  const incoming = { socket: { remoteAddress: input.remote } };
  const headers = input.forwarded === undefined ? {} : { 'x-forwarded-for': input.forwarded };
  return (await app.request('/', { headers }, { incoming })).text();
}

test('it is that of the connection, whatever a stranger says', async () => {
  expect(await addressOf({ remote: '198.51.100.7', forwarded: '10.0.0.1' })).toBe('198.51.100.7');
  expect(await addressOf({ remote: '::ffff:198.51.100.7' })).toBe('198.51.100.7');
});

test('behind proxies that are trusted it is the last that is none of them', async () => {
  const trusted = ['10.0.0.0/8', 'fd00::/8'];
  const behind = (forwarded?: string) =>
    addressOf({ remote: '10.1.2.3', trusted, ...(forwarded !== undefined && { forwarded }) });
  expect(await behind('1.1.1.1, 198.51.100.7, 10.9.9.9')).toBe('198.51.100.7');
  expect(await behind('not an address')).toBe('10.1.2.3');
  expect(await behind()).toBe('10.1.2.3');
});

test('of IPv6 it is the /64, which is one customer’s', async () => {
  expect(await addressOf({ remote: '2001:db8:1:2:3:4:5:6' })).toBe('2001:db8:1:2');
  expect(await addressOf({ remote: '2001:db8:1:2::1' })).toBe('2001:db8:1:2');
});
