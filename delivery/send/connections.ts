import { request } from 'undici';
import type { Agent } from 'undici';
import { OutboundAgent } from '../../outbound/agent.ts';
import { callersSignal, cancelledBy } from '../../outbound/calls.ts';
import type { Lookup } from '../../outbound/resolver.ts';
import type { MtlsAuth } from './access.ts';
import {
  guardedLookup,
  isPublicAddress,
  PrivateAddressError,
  refuseTarget,
} from './target-guard.ts';

/** How long a call may take, from its dispatch to the last byte of the answer. */
export const timeoutMs = 20_000;
export const connectTimeoutMs = 5_000;
// What bounds the calls is each endpoint's own window: many endpoints may live at one origin, and those of
// one that hangs must not take the connections of its neighbours.
const connectionsPerOrigin = 4_096;
const keptCertificates = 256;
const fetchedBytes = 64 * 1_024;
/** `post` reads less of it. */
const answeredBytes = 16 * 1_024 * 1_024;

export type Connections = {
  /** Those that everybody shares, or those of one certificate. */
  of(mtls: MtlsAuth | undefined): Agent;
  fetch: typeof globalThis.fetch;
  close(): Promise<void>;
};

/** Keeps connections open for whoever sends. None of them ever leads to an address within, unless allowed. */
export function createConnections({
  allowPrivate,
  lookup,
  timeoutMs: callMs = timeoutMs,
}: {
  allowPrivate: boolean;
  lookup?: Lookup | undefined;
  timeoutMs?: number | undefined;
}): Connections {
  const newAgent = (mtls: MtlsAuth | undefined, maxResponseBytes = answeredBytes) =>
    new OutboundAgent({
      timeoutMs: callMs,
      maxResponseBytes,
      connectionsPerOrigin,
      tls: tlsOf(mtls),
      lookup: allowPrivate ? lookup : guardedLookup(lookup),
      // The last look, at what was really connected to: literals never pass through a lookup.
      refuse: allowPrivate ? undefined : refusePrivate,
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

function refusePrivate({ remoteAddress = '' }: { remoteAddress?: string | undefined }) {
  return isPublicAddress(remoteAddress)
    ? undefined
    : new PrivateAddressError(`connected to ${remoteAddress}`);
}

/** `fetch` for small answers, which are read whole: never redirected, never decompressed. */
function guardedFetch(input: { allowPrivate: boolean; agent: Agent }): typeof globalThis.fetch {
  const { allowPrivate, agent } = input;
  return async (target, init = {}) => {
    const given = new Request(target, init);
    const refusal = refuseTarget(given.url, { allowPrivate });
    if (refusal) throw new PrivateAddressError(`${given.url} is refused: ${refusal}`);
    const signals = [callersSignal(), init.signal].filter(
      (signal) => signal instanceof AbortSignal,
    );
    const sent = Buffer.from(await given.arrayBuffer());
    const call = () =>
      request(given.url, {
        method: given.method === 'POST' ? 'POST' : 'GET',
        headers: Object.fromEntries(given.headers),
        body: given.method === 'POST' ? sent : null,
        dispatcher: agent,
      });
    return cancelledBy(AbortSignal.any(signals), async () => {
      const { statusCode, headers, body } = await call();
      const bytes = await body.arrayBuffer();
      const encoding = headers['content-encoding'] ?? 'identity';
      if (encoding !== 'identity') throw new Error(`the answer is encoded as ${String(encoding)}`);
      const pairs = Object.entries(headers).flatMap(([name, value]) =>
        [value ?? []].flat().map((one): [string, string] => [name, one]),
      );
      const isEmpty = statusCode === 204 || statusCode === 205 || statusCode === 304;
      return new Response(isEmpty ? null : bytes, { status: statusCode, headers: pairs });
    });
  };
}

export type Tls = { cert?: string; key?: string; ca?: string };

/** What an endpoint's certificate comes to in Node's TLS options. */
export function tlsOf(mtls: MtlsAuth | undefined): Tls {
  if (!mtls) return {};
  const { certificate: cert, privateKey: key, ca } = mtls;
  return { cert, key, ...(ca !== undefined && { ca }) };
}
