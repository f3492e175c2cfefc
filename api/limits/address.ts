import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import ipaddr from 'ipaddr.js';

/**
 * Whom a request without a key is counted for: the address of its connection, or, where that is a proxy we trust, the
 * last one in `X-Forwarded-For` that is none. Of IPv6 the /64, which is one customer's.
 */
export function createAddressOf({ trustedProxies }: { trustedProxies: readonly string[] }) {
  const proxies = trustedProxies.map((range) => ipaddr.parseCIDR(range));
  const isProxy = (address: string) => {
    if (!ipaddr.isValid(address)) return false;
    const judged = ipaddr.process(address);
    return proxies.some(
      ([base, bits]) => judged.kind() === base.kind() && judged.match(base, bits),
    );
  };

  return (c: Context): string => {
    const direct = remoteAddress(c);
    if (!isProxy(direct)) return asCustomer(direct);
    const forwarded = (c.req.header('x-forwarded-for') ?? '').split(',').map((one) => one.trim());
    return asCustomer(forwarded.findLast((one) => ipaddr.isValid(one) && !isProxy(one)) ?? direct);
  };
}

function remoteAddress(c: Context): string {
  // Only a test calls without a connection.
  return c.env === undefined || !('incoming' in c.env)
    ? 'unknown'
    : (getConnInfo(c).remote.address ?? 'unknown');
}

function asCustomer(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const judged = ipaddr.process(address);
  if (judged.kind() === 'ipv4') return judged.toString();
  return judged.toNormalizedString().split(':').slice(0, 4).join(':');
}
