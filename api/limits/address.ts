import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import ipaddr from 'ipaddr.js';

/**
 * The address for the limits of requests without a key: the connection's, or behind a trusted proxy the last untrusted
 * one in `X-Forwarded-For`. For IPv6 the /64 prefix, which one customer has.
 */
export function createAddressOf({ trustedProxies }: { trustedProxies: readonly string[] }) {
  const proxies = trustedProxies.map((range) => ipaddr.parseCIDR(range));
  const isProxy = (address: string) => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return proxies.some(
      ([base, bits]) => parsed.kind() === base.kind() && parsed.match(base, bits),
    );
  };

  return (c: Context): string => {
    const direct = remoteAddress(c);
    if (!isProxy(direct)) return customerPrefix(direct);
    const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map((one) => one.trim());
    return customerPrefix(
      forwarded.findLast((one) => ipaddr.isValid(one) && !isProxy(one)) ?? direct,
    );
  };
}

function remoteAddress(c: Context): string {
  // Only tests call without a connection.
  return c.env === undefined || !('incoming' in c.env)
    ? 'unknown'
    : (getConnInfo(c).remote.address ?? 'unknown');
}

function customerPrefix(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return parsed.toNormalizedString().split(':').slice(0, 4).join(':');
}
