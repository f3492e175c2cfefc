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

/** The most that a call may take, from its dispatch to the last byte of the answer. */
export const timeoutMs = 20_000;
export const connectTimeoutMs = 5_000;
// Each endpoint's own window limits its calls. Many endpoints may share one origin, and the stalled ones must not take
// the connections of the others.
const connectionsPerOrigin = 4_096;
const keptCertificates = 256;
const fetchedBytes = 64 * 1_024;
/** `post` reads less of it. */
const answeredBytes = 16 * 1_024 * 1_024;

export type Connections = {
  /** The shared agent, or the one of a client certificate. */
  of(mtls: MtlsAuth | undefined): Agent;
  fetch: typeof globalThis.fetch;
  close(): Promise<void>;
};

/** Keeps connections open for senders. None leads to a private address, unless allowed. */
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
      // The final check, of the connected address: literal addresses skip the lookup.
      refuse: allowPrivate ? undefined : refusePrivate,
    });
  const shared = newAgent(undefined);
  const forFetch = newAgent(undefined, fetchedBytes);
  const byCertificate = new Map<MtlsAuth, Agent>();

  function ofCertificate(mtls: MtlsAuth): Agent {
    const agent = byCertificate.get(mtls) ?? newAgent(mtls);
    // Moves the most recently used agent to the end; the one at the front is evicted.
    byCertificate.delete(mtls);
    byCertificate.set(mtls, agent);
    const [oldest] = byCertificate;
    if (oldest && byCertificate.size > keptCertificates) {
      byCertificate.delete(oldest[0]);
      // Closes after its calls in flight.
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

/** A `fetch` for small answers, which are read whole: never redirected, never decompressed. */
function guardedFetch(input: { allowPrivate: boolean; agent: Agent }): typeof globalThis.fetch {
  const { allowPrivate, agent } = input;
  return async (target, init = {}) => {
    const outgoing = new Request(target, init);
    const refusal = refuseTarget(outgoing.url, { allowPrivate });
    if (refusal) throw new PrivateAddressError(`${outgoing.url} is refused: ${refusal}`);
    const signals = [callersSignal(), init.signal].filter(
      (signal) => signal instanceof AbortSignal,
    );
    const sent = Buffer.from(await outgoing.arrayBuffer());
    const call = () =>
      request(outgoing.url, {
        method: outgoing.method === 'POST' ? 'POST' : 'GET',
        headers: Object.fromEntries(outgoing.headers),
        body: outgoing.method === 'POST' ? sent : null,
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

/** Node's TLS options for an endpoint's client certificate. */
export function tlsOf(mtls: MtlsAuth | undefined): Tls {
  if (!mtls) return {};
  const { certificate: cert, privateKey: key, ca } = mtls;
  return { cert, key, ...(ca !== undefined && { ca }) };
}
