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
  /** Every address of a name, IPv4 first. Rejects with `ENOTFOUND`, or `EAI_AGAIN` where no server answered in time. */
  resolve(hostname: string): Promise<LookupAddress[]>;
  lookup: Lookup;
};

// One server that does not answer is asked twice; the whole of it has a deadline of its own.
const [tryMs, tries, deadlineMs] = [1_500, 2, 4_000];
/** RFC 8305, 3: how long an answer of one family waits for the other's. */
const otherFamilyMs = 50;
const [shortestTtlMs, longestTtlMs] = [1_000, 300_000];
const [absentForMs, failedForMs] = [5_000, 1_000];
/** RFC 8767: while no server answers, an address that was right lately is better than none. */
const staleForMs = 3_600_000;
const mostKept = 10_000;
const mostPending = 2_000;
const longestName = 253;

type Answer = { addresses: LookupAddress[]; ttlMs: number };
type Kept = {
  addresses: LookupAddress[];
  error: NodeJS.ErrnoException | undefined;
  untilMs: number;
};

/**
 * Resolves names by c-ares: a name whose servers are silent holds up nobody else, where `dns.lookup` would hold
 * one of libuv's four threads for it. What c-ares does not know is done here: the hosts file, `localhost`
 * (RFC 6761), literals, and search domains. `servers` are `address:port`, the system's without it.
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
  const kept = new Map<string, Kept>();
  const pending = new Map<string, Promise<LookupAddress[]>>();
  const hostsFile = followFile(hostsPath);
  const resolvConf = followFile(resolvConfPath);
  let hosts: Hosts = new Map();
  let searchDomains: string[] = [];
  let channel = newChannel();

  function newChannel(): dns.Resolver {
    const made = new dns.Resolver({ timeout: tryMs, tries });
    if (servers) made.setServers(servers);
    return made;
  }

  async function readFiles(): Promise<void> {
    const [hostsNow, confNow] = await Promise.all([hostsFile(), resolvConf()]);
    if (hostsNow.hasChanged) hosts = parseHosts(hostsNow.text);
    if (!confNow.hasChanged) return;
    searchDomains = searchDomainsIn(confNow.text);
    // c-ares reads the system's servers once, when it is made.
    if (!servers) channel = newChannel();
  }

  async function ask(name: string): Promise<Answer> {
    await readFiles();
    const listed = hosts.get(name);
    if (listed) return { addresses: listed.map(addressOf), ttlMs: shortestTtlMs };
    const found = await query(channel, name);
    if (found || name.includes('.')) return found ?? absent(name);
    // Only for a bare name, which is never a merchant's: what stands beside us in a cluster.
    for (const domain of searchDomains) {
      const inDomain = await query(channel, `${name}.${domain}`);
      if (inDomain) return inDomain;
    }
    return absent(name);
  }

  function keep(name: string, entry: Kept): void {
    kept.delete(name);
    const oldest = kept.size >= mostKept ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(name, entry);
  }

  async function refresh(name: string, before: Kept | undefined): Promise<LookupAddress[]> {
    const deadline = new AbortController();
    try {
      const tooLate = sleep(deadlineMs, undefined, { signal: deadline.signal }).then(() =>
        Promise.reject(failure('EAI_AGAIN', `no name server answered for ${name} in time`)),
      );
      // Ended below, once it is of no more use.
      tooLate.catch(() => {});
      const { addresses, ttlMs } = await Promise.race([ask(name), tooLate]);
      keep(name, { addresses, error: undefined, untilMs: Date.now() + ttlMs });
      return addresses;
    } catch (caught) {
      const error = asErrno(caught);
      const isAbsent = error.code === 'ENOTFOUND';
      const isUsable = before && before.untilMs + staleForMs > Date.now();
      const addresses = !isAbsent && isUsable ? before.addresses : [];
      const forMs = isAbsent ? absentForMs : failedForMs;
      if (addresses.length === 0) keep(name, { addresses, error, untilMs: Date.now() + forMs });
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
      throw failure('ENOTFOUND', 'is no name of a host');
    const known = kept.get(name);
    if (known && known.untilMs > Date.now()) {
      if (known.error) throw known.error;
      return known.addresses;
    }
    const underWay = pending.get(name);
    if (underWay) return underWay;
    if (pending.size >= mostPending)
      throw failure('EAI_AGAIN', 'too many names are being resolved at once');
    const resolving = refresh(name, known?.error ? undefined : known).finally(() =>
      pending.delete(name),
    );
    pending.set(name, resolving);
    return resolving;
  }

  return { resolve, lookup: lookupBy(resolve) };
}

/** Makes `net.connect`'s kind of lookup out of one that gives all addresses. */
export function lookupBy(resolve: Resolver['resolve']): Lookup {
  return (hostname, { all = false, family = 0 }, tell) => {
    const wanted = family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : family;
    resolve(hostname).then(
      (addresses) => {
        const usable = wanted === 0 ? addresses : addresses.filter((one) => one.family === wanted);
        const [first] = usable;
        if (!first) tell(failure('ENOTFOUND', `${hostname} has no usable address`), []);
        else if (all) tell(null, [...usable]);
        else tell(null, first.address, first.family);
      },
      (error: unknown) => tell(asErrno(error), []),
    );
  };
}

/** Both families at once; undefined where the name has no address. Throws where nobody answered. */
async function query(channel: dns.Resolver, name: string): Promise<Answer | undefined> {
  const asked = [
    channel
      .resolve4(name, { ttl: true })
      .then((found) => found.map((one) => ({ ...one, family: 4 }))),
    channel
      .resolve6(name, { ttl: true })
      .then((found) => found.map((one) => ({ ...one, family: 6 }))),
  ];
  const both = Promise.allSettled(asked);
  const first = await Promise.any(asked).catch(() => undefined);
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

/** What ends so is an IPv4 address in one of its old spellings (`0x7f.1`, `2130706433`), or nothing; never a name. */
const endsInNumber = /(^|\.)(0x[0-9a-f]*|\d+)$/;

/** By the rules of URLs (WHATWG URL, 3.5). Throws where it is none. */
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

const mostSearchDomains = 6;

/** The last `search` or `domain` line of resolv.conf(5). */
function searchDomainsIn(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  const last = lines.findLast(([word]) => word === 'search' || word === 'domain') ?? [];
  return last.slice(1, 1 + mostSearchDomains).map((domain) => domain.replace(/\.$/, ''));
}
