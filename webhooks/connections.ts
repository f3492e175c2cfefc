import { Agent, buildConnector, Client, fetch as undiciFetch, Pool } from 'undici';
import type { MtlsAuth } from './access.ts';
import {
  guardedLookup,
  isPublicAddress,
  PrivateAddressError,
  refuseTarget,
} from './target-guard.ts';

/** How long an answer may take to begin, and each piece of it to follow. */
export const timeoutMs = 20_000;
export const connectTimeoutMs = 5_000;
/** For how long a connection that nobody uses stays open at most; the second where its server names a longer time. */
const [keepAliveMs, longestKeepAliveMs] = [30_000, 60_000];
// What bounds the calls is each endpoint's own window: many endpoints may live at one origin, and those of
// one that hangs must not take the connections of its neighbours.
const connectionsPerOrigin = 4_096;
const keptCertificates = 256;
const fetchedBytes = 64 * 1_024;

export type Connections = {
  /** Those that everybody shares, or those of one certificate. */
  of(mtls: MtlsAuth | undefined): Agent;
  fetch: typeof fetch;
  close(): Promise<void>;
};

/** Keeps connections open for whoever sends. None of them ever leads to an address within, unless allowed. */
export function createConnections({ allowPrivate }: { allowPrivate: boolean }): Connections {
  const newAgent = (mtls: MtlsAuth | undefined, maxResponseSize = -1) =>
    new Agent({
      connect: allowPrivate
        ? { timeout: connectTimeoutMs, ...tlsOf(mtls) }
        : guardedConnector(tlsOf(mtls)),
      connections: connectionsPerOrigin,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      factory: (origin, options: object) => new Pool(origin, { ...options, factory: spreadClient }),
      maxResponseSize,
    });
  const shared = newAgent(undefined);
  const forFetch = newAgent(undefined, fetchedBytes);
  const byCertificate = new Map<MtlsAuth, Agent>();

  function ofCertificate(mtls: MtlsAuth): Agent {
    const agent = byCertificate.get(mtls) ?? newAgent(mtls);
    // The one that was used last goes to the end, and the one at the front makes room.
    byCertificate.delete(mtls);
    byCertificate.set(mtls, agent);
    const [oldest] = byCertificate;
    if (oldest && byCertificate.size > keptCertificates) {
      byCertificate.delete(oldest[0]);
      // What is under way on it ends first.
      oldest[1].close().catch(() => {});
    }
    return agent;
  }

  return {
    of: (mtls) => (mtls ? ofCertificate(mtls) : shared),
    fetch: guardedFetch({ allowPrivate, agent: forFetch }),
    close: async () => {
      const all = [shared, forFetch, ...byCertificate.values()];
      await Promise.all(all.map((agent) => agent.destroy()));
    },
  };
}

/** One connection. What was opened in a busy second is closed over half of the time that it may stay, not in one. */
function spreadClient(origin: URL, options: object): Client {
  const share = (1 + Math.random()) / 2;
  return new Client(origin, {
    ...options,
    keepAliveTimeout: keepAliveMs * share,
    keepAliveMaxTimeout: longestKeepAliveMs * share,
  });
}

/** The same `fetch` as Node's own, from the package whose dispatchers we use. */
function guardedFetch(input: { allowPrivate: boolean; agent: Agent }): typeof fetch {
  const { allowPrivate, agent } = input;
  const guarded = (url: string, init: object) => {
    const refusal = refuseTarget(url, { allowPrivate });
    if (refusal) throw new PrivateAddressError(`${url} is refused: ${refusal}`);
    return undiciFetch(url, { ...init, redirect: 'manual', dispatcher: agent });
  };
  return guarded as unknown as typeof fetch;
}

export type Tls = { cert?: string; key?: string; ca?: string };

/** What an endpoint's certificate comes to in Node's TLS options. */
export function tlsOf(mtls: MtlsAuth | undefined): Tls {
  if (!mtls) return {};
  const { certificate: cert, privateKey: key, ca } = mtls;
  return { cert, key, ...(ca !== undefined && { ca }) };
}

function guardedConnector(tls: Tls): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup, ...tls });
  return (options, callback) => {
    connect(options, (...answer) => {
      const [error, socket] = answer;
      if (error) return callback(error, null);
      // The last look, at what was really connected to: literals never pass through `lookup`.
      const address = socket.remoteAddress ?? '';
      if (isPublicAddress(address)) return callback(null, socket);
      socket.destroy();
      callback(new PrivateAddressError(`connected to ${address}`), null);
    });
  };
}
