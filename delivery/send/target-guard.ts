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

/** Thrown if a name resolves, or a socket connects, to an address that merchants may not reach. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
  readonly code = 'PRIVATE_ADDRESS';
}

// The part of IPv6 that is assigned to the public internet; `range()` also calls ::127.0.0.1 unicast.
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** True for a public unicast address. `process` unwraps IPv4 inside IPv6 first. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const judged = ipaddr.process(address);
  const isGlobal = judged.kind() === 'ipv4' || judged.match(globalUnicast);
  return isGlobal && judged.range() === 'unicast';
}

/**
 * Checks a target by its URL alone, before a name is resolved. The WHATWG parser has already normalised `2130706433`,
 * `0x7f.1` and the like to plain addresses.
 * @example refuseTarget('http://127.1/', { allowPrivate: false }) // 'private_address'
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

/** A DNS lookup that returns only public addresses, for the sockets of outgoing calls. */
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
 * Additional options of `net.connect` for clients that open sockets by host and port. Throws for a literal private
 * address, which would skip the lookup.
 */
export function guardedSocket(
  host: string,
  { allowPrivate }: { allowPrivate: boolean },
): { lookup: Lookup } {
  if (allowPrivate) return { lookup: systemLookup };
  if (isIP(host) && !isPublicAddress(host)) {
    throw new PrivateAddressError(`${host} is not a public address`);
  }
  return { lookup: guardedSystemLookup };
}
