import { promises as dns } from 'node:dns';
import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { followFile, parseHosts, systemHostsPath } from './hosts-file.ts';
import type { Hosts } from './hosts-file.ts';

/** `net.connect`'s `lookup`: resolves a name for one connection. */
export type Lookup = (
  hostname: string,
  options: LookupOptions,
  callback: (
    error: NodeJS.ErrnoException | null,
    address: string | LookupAddress[],
    family?: number,
  ) => void,
) => void;

export type Resolver = {
  /**
   * Every address of a name, IPv4 first. Rejects with `ENOTFOUND`, or with `EAI_AGAIN` if no server answered in time.
   */
  resolve(hostname: string): Promise<LookupAddress[]>;
  lookup: Lookup;
};

// A server that does not answer is queried twice; the whole resolution has its own deadline.
const [tryMs, tries, deadlineMs] = [1_500, 2, 4_000];
/** RFC 8305, 3: how long an answer of one address family waits for the other's. */
const otherFamilyMs = 50;
const [shortestTtlMs, longestTtlMs] = [1_000, 300_000];
const [absentForMs, failedForMs] = [5_000, 1_000];
/** RFC 8767: how long expired addresses are used while no server answers. */
const staleForMs = 3_600_000;
const maxCached = 10_000;
const maxPending = 2_000;
const longestName = 253;

type Answer = { addresses: LookupAddress[]; ttlMs: number };
type CacheEntry = {
  addresses: LookupAddress[];
  error: NodeJS.ErrnoException | undefined;
  untilMs: number;
};

/**
 * Resolves names with c-ares, so that a slow name server blocks no other resolution; `dns.lookup` would occupy one of
 * libuv's four threads. This adds what c-ares lacks: the hosts file, `localhost` (RFC 6761), address literals and
 * search domains. `servers` are `address:port`; the default is the system's.
 */
export function createResolver({
  servers,
  hostsPath = systemHostsPath,
  resolvConfPath = '/etc/resolv.conf',
}: {
  servers?: readonly string[] | undefined;
  hostsPath?: string;
  resolvConfPath?: string;
} = {}): Resolver {
  const cache = new Map<string, CacheEntry>();
  const pending = new Map<string, Promise<LookupAddress[]>>();
  const hostsFile = followFile(hostsPath);
  const resolvConf = followFile(resolvConfPath);
  let hosts: Hosts = new Map();
  let searchDomains: string[] = [];
  let channel = newChannel();

  function newChannel(): dns.Resolver {
    const resolver = new dns.Resolver({ timeout: tryMs, tries });
    if (servers) resolver.setServers(servers);
    return resolver;
  }

  async function readFiles(): Promise<void> {
    const [hostsNow, confNow] = await Promise.all([hostsFile(), resolvConf()]);
    if (hostsNow.hasChanged) hosts = parseHosts(hostsNow.text);
    if (!confNow.hasChanged) return;
    searchDomains = searchDomainsIn(confNow.text);
    // c-ares reads the system's servers only when it is created.
    if (!servers) channel = newChannel();
  }

  async function ask(name: string): Promise<Answer> {
    await readFiles();
    const listed = hosts.get(name);
    if (listed) return { addresses: listed.map(addressOf), ttlMs: shortestTtlMs };
    const found = await query(channel, name);
    if (found || name.includes('.')) return found ?? absent(name);
    // Only for a name without a dot, which is never a merchant's: a neighbour in the cluster.
    for (const domain of searchDomains) {
      const inDomain = await query(channel, `${name}.${domain}`);
      if (inDomain) return inDomain;
    }
    return absent(name);
  }

  function store(name: string, entry: CacheEntry): void {
    cache.delete(name);
    const oldest = cache.size >= maxCached ? cache.keys().next().value : undefined;
    if (oldest !== undefined) cache.delete(oldest);
    cache.set(name, entry);
  }

  async function refresh(name: string, before: CacheEntry | undefined): Promise<LookupAddress[]> {
    const deadline = new AbortController();
    try {
      const tooLate = sleep(deadlineMs, undefined, { signal: deadline.signal }).then(() =>
        Promise.reject(failure('EAI_AGAIN', `no name server answered for ${name} in time`)),
      );
      // Aborted below once the race is decided.
      tooLate.catch(() => {});
      const { addresses, ttlMs } = await Promise.race([ask(name), tooLate]);
      store(name, { addresses, error: undefined, untilMs: Date.now() + ttlMs });
      return addresses;
    } catch (caught) {
      const error = asErrno(caught);
      const isAbsent = error.code === 'ENOTFOUND';
      const isUsable = before && before.untilMs + staleForMs > Date.now();
      const addresses = !isAbsent && isUsable ? before.addresses : [];
      const forMs = isAbsent ? absentForMs : failedForMs;
      if (addresses.length === 0) store(name, { addresses, error, untilMs: Date.now() + forMs });
      if (addresses.length === 0) throw error;
      return addresses;
    } finally {
      deadline.abort();
    }
  }

  async function resolve(hostname: string): Promise<LookupAddress[]> {
    const name = hostname.toLowerCase().replace(/\.$/, '');
    if (isIP(name) > 0) return [addressOf(name)];
    if (endsInNumber.test(name)) return [addressOf(ipv4In(name))];
    if (name === 'localhost' || name.endsWith('.localhost')) return loopback;
    if (name === '' || name.length > longestName)
      throw failure('ENOTFOUND', 'not a valid host name');
    const known = cache.get(name);
    if (known && known.untilMs > Date.now()) {
      if (known.error) throw known.error;
      return known.addresses;
    }
    const underWay = pending.get(name);
    if (underWay) return underWay;
    if (pending.size >= maxPending)
      throw failure('EAI_AGAIN', 'too many concurrent name resolutions');
    const resolving = refresh(name, known?.error ? undefined : known).finally(() =>
      pending.delete(name),
    );
    pending.set(name, resolving);
    return resolving;
  }

  return { resolve, lookup: lookupBy(resolve) };
}

/** Makes a `lookup` for `net.connect` from a function that resolves all addresses. */
export function lookupBy(resolve: Resolver['resolve']): Lookup {
  return (hostname, { all = false, family = 0 }, report) => {
    const wantedFamily = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    resolve(hostname).then(
      (addresses) => {
        const usable =
          wantedFamily === 0 ? addresses : addresses.filter((one) => one.family === wantedFamily);
        const [first] = usable;
        if (!first) report(failure('ENOTFOUND', `${hostname} has no usable address`), []);
        else if (all) report(null, [...usable]);
        else report(null, first.address, first.family);
      },
      (error: unknown) => report(asErrno(error), []),
    );
  };
}

/** Queries both address families at once; undefined if the name has no address. Throws if no server answered. */
async function query(channel: dns.Resolver, name: string): Promise<Answer | undefined> {
  const queries = [
    channel
      .resolve4(name, { ttl: true })
      .then((found) => found.map((one) => ({ ...one, family: 4 }))),
    channel
      .resolve6(name, { ttl: true })
      .then((found) => found.map((one) => ({ ...one, family: 6 }))),
  ];
  const both = Promise.allSettled(queries);
  const first = await Promise.any(queries).catch(() => undefined);
  if (!first) {
    const reasons = (await both).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    const isAbsent = reasons.some((reason) => absentCodes.has(asErrno(reason).code ?? ''));
    if (isAbsent) return undefined;
    throw failure('EAI_AGAIN', `no name server answered for ${name}`);
  }
  const settled = await Promise.race([both, sleep(otherFamilyMs).then(() => undefined)]);
  const found = settled
    ? settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    : first;
  if (found.length === 0) return undefined;
  const ttlMs = Math.min(...found.map(({ ttl }) => ttl)) * 1_000;
  return {
    addresses: found.map(({ address, family }) => ({ address, family })),
    ttlMs: Math.min(Math.max(ttlMs, shortestTtlMs), longestTtlMs),
  };
}

const absentCodes: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);
const addressOf = (address: string): LookupAddress => ({ address, family: isIP(address) });
const loopback = ['127.0.0.1', '::1'].map(addressOf);

/**
 * A name that ends in a number is an IPv4 address in an old spelling (`0x7f.1`, `2130706433`) or invalid, never a host
 * name.
 */
const endsInNumber = /(^|\.)(0x[0-9a-f]*|\d+)$/;

/** Parses an IPv4 address by WHATWG URL, 3.5. Throws if it is invalid. */
function ipv4In(name: string): string {
  const { hostname = '' } = URL.canParse(`http://${name}`) ? new URL(`http://${name}`) : {};
  return isIP(hostname) > 0 ? hostname : absent(name);
}

function absent(name: string): never {
  throw failure('ENOTFOUND', `${name} has no address`);
}

function failure(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

function asErrno(error: unknown): NodeJS.ErrnoException {
  return error instanceof Error ? error : new Error(String(error));
}

const maxSearchDomains = 6;

/** The last `search` or `domain` line of resolv.conf(5). */
function searchDomainsIn(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const last = lines.findLast(([word]) => word === 'search' || word === 'domain') ?? [];
  return last.slice(1, 1 + maxSearchDomains).map((domain) => domain.replace(/\.$/, ''));
}
