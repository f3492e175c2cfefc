import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { targetSchemes } from '../../domain/delivery.ts';
import { systemLookup } from '../../outbound/name-servers.ts';
import type { Lookup } from '../../outbound/resolver.ts';

/** Why a target may not be called. */
export type TargetRefusal =
  | 'not_a_url'
  | 'scheme_not_allowed'
  | 'credentials_in_url'
  | 'private_address';

/** Raised where a name resolves, or a socket connects, to an address that merchants may not reach. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
  readonly code = 'PRIVATE_ADDRESS';
}

// All of IPv6 that is given out for the public internet; `range()` also calls ::127.0.0.1 unicast.
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** True for a public unicast address. `process` unwraps IPv4 inside IPv6 before it is judged. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const judged = ipaddr.process(address);
  const isGlobal = judged.kind() === 'ipv4' || judged.match(globalUnicast);
  return isGlobal && judged.range() === 'unicast';
}

/**
 * Judges a target by its URL alone: what can be said before a name is resolved. The WHATWG parser
 * has already turned `2130706433`, `0x7f.1` and the like into plain addresses.
 */
export function refuseTarget(
  target: string,
  {
    allowPrivate,
    schemes = targetSchemes.http,
  }: { allowPrivate: boolean; schemes?: readonly string[] },
): TargetRefusal | undefined {
  if (!URL.canParse(target)) return 'not_a_url';
  const url = new URL(target);
  if (!schemes.includes(url.protocol)) return 'scheme_not_allowed';
  if (url.username || url.password) return 'credentials_in_url';
  if (allowPrivate) return undefined;
  const host = url.hostname.replace(/^\[|\]$|\.$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return 'private_address';
  return isIP(host) && !isPublicAddress(host) ? 'private_address' : undefined;
}

/** A lookup that never hands out an address that is not public: for the sockets of outgoing calls. */
export function guardedLookup(lookup: Lookup = systemLookup): Lookup {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error || typeof addresses === 'string') return callback(error, addresses);
      const usable = addresses.filter(({ address }) => isPublicAddress(address));
      const first = usable[0];
      if (!first) return callback(new PrivateAddressError(`${hostname} has no public address`), []);
      if (options.all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}

export const guardedSystemLookup = guardedLookup();

/**
 * For clients that open their sockets by host and port: what is added to `net.connect`'s options. Throws
 * for a literal address that is not public, which never passes through a lookup.
 */
export function guardedSocket(
  host: string,
  { allowPrivate }: { allowPrivate: boolean },
): { lookup: Lookup } {
  if (allowPrivate) return { lookup: systemLookup };
  if (isIP(host) && !isPublicAddress(host)) {
    throw new PrivateAddressError(`${host} is no public address`);
  }
  return { lookup: guardedSystemLookup };
}
