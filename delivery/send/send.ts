import { targetSchemes } from '../../domain/delivery.ts';
import type { AttemptResult, CallResult } from '../../domain/delivery.ts';
import { parseRetryAfterMs } from '../../domain/retry-schedule.ts';
import { callersSignal, ConnectFailed } from '../../outbound/calls.ts';
import type { Lookup } from '../../outbound/resolver.ts';
import type { MtlsAuth } from './access.ts';
import { createBrokers } from '../broker/brokers.ts';
import type { BrokerTarget } from '../broker/brokers.ts';
import { brokerCodeOf } from '../broker/code-of.ts';
import type { BrokerMessage } from '../broker/publisher.ts';
import { createConnections } from './connections.ts';
import type { Connections } from './connections.ts';
import { keptChars, keptHeaders, keptText } from './kept-answer.ts';
import { post } from './post.ts';
import { refuseTarget } from './target-guard.ts';
import type { TargetRefusal } from './target-guard.ts';

export type Outgoing = {
  url: string;
  /** All headers, signature included, except those that HTTP itself adds. */
  headers: Readonly<Record<string, string>>;
  body: string | Buffer;
  /** True if the body of a 2xx matters too. */
  keepsBody?: boolean;
  /** How many characters of it, if the default is not enough. */
  keepsChars?: number;
  /** The client certificate; one object per endpoint, which identifies its connections. */
  mtls?: MtlsAuth | undefined;
};

export type Sender = {
  send(outgoing: Outgoing): Promise<SendResult>;
  /** Publishes to a broker through the same guard. Never throws for a broker's failure. */
  publish(target: BrokerTarget, message: BrokerMessage): Promise<Attempted>;
  /** A `fetch` for small answers through the same guard. Throws for a refused target. */
  fetch: typeof globalThis.fetch;
  close(): Promise<void>;
};

export type SendResult = Attempted & { result: CallResult };

/** One attempt, over HTTP or to a broker. */
export type Attempted = {
  result: AttemptResult;
  /** The receiver's answer, truncated; null if there was none. */
  responseBody: string | null;
  /** The answer's headers, truncated; null for a success whose body was not kept. */
  responseHeaders: Record<string, string> | null;
  durationMs: number;
  startedAt: Date;
};

export const userAgent = 'Tender-Webhooks/1.0';

/** The error code of an attempt whose caller has gone. */
export const cancelledCode = 'cancelled';

const keptTargets = 10_000;

type Target = { origin: string; path: string; refusal: TargetRefusal | undefined };

/**
 * Sends composed and signed requests to merchants' endpoints. Follows no redirects; never throws for a receiver's
 * failure.
 */
export function createSender({
  allowPrivate,
  lookup,
  timeoutMs,
  onError,
}: {
  allowPrivate: boolean;
  /** Resolves names; by default with this process's name servers. */
  lookup?: Lookup;
  /** For a whole call, to an endpoint or for a token, ms. */
  timeoutMs?: number;
  /** Receives failures that do not belong to a single attempt. */
  onError?: (error: Error) => void;
}): Sender {
  const connections = createConnections({ allowPrivate, lookup, timeoutMs });
  const brokers = createBrokers({ allowPrivate, onError });
  // Each URL is parsed and checked once, not for every event.
  const targets = new Map<string, Target>();

  function targetOf(url: string): Target {
    const known = targets.get(url);
    if (known) return known;
    const refusal = refuseTarget(url, { allowPrivate });
    const parsed = refusal ? undefined : new URL(url);
    const path = parsed ? parsed.pathname + parsed.search : '';
    const target = { origin: parsed?.origin ?? '', path, refusal };
    if (targets.size >= keptTargets) targets.clear();
    targets.set(url, target);
    return target;
  }

  return {
    async send(outgoing) {
      const startedAt = new Date();
      const startedMs = performance.now();
      const target = targetOf(outgoing.url);
      const answer = target.refusal
        ? failed(target.refusal)
        : await ask(connections, target, outgoing).catch(failedBy);
      return { durationMs: Math.round(performance.now() - startedMs), startedAt, ...answer };
    },
    async publish(target, message) {
      const startedAt = new Date();
      const startedMs = performance.now();
      const schemes = targetSchemes[target.destination.kind];
      const refusal = refuseTarget(target.url, { allowPrivate, schemes });
      const answer = refusal
        ? failed(refusal)
        : await brokers
            .publish(target, message, { signal: callersSignal() })
            .then(accepted, refusedBy);
      return { durationMs: Math.round(performance.now() - startedMs), startedAt, ...answer };
    },
    fetch: connections.fetch,
    close: async () => {
      await Promise.all([connections.close(), brokers.close()]);
    },
  };
}

type KeptAnswer = Pick<Attempted, 'responseBody' | 'responseHeaders'>;
type Answer = KeptAnswer & { result: CallResult };

async function ask(connections: Connections, target: Target, outgoing: Outgoing): Promise<Answer> {
  const { headers, body, keepsBody = false, keepsChars = keptChars, mtls } = outgoing;
  const isKept = (statusCode: number) => keepsBody || statusCode < 200 || statusCode >= 300;
  const answer = await post(connections.of(mtls), {
    origin: target.origin,
    path: target.path,
    headers,
    body,
    keptCharsOf: (statusCode) => (isKept(statusCode) ? keepsChars : 0),
  });
  const { statusCode } = answer;
  const retryAfterMs = parseRetryAfterMs(firstOf(answer.headers['retry-after']), Date.now());
  const result = { kind: 'response', statusCode, retryAfterMs } as const;
  if (!isKept(statusCode)) return { result, responseBody: null, responseHeaders: null };
  return {
    result,
    responseBody: keptText(answer.text, keepsChars),
    responseHeaders: keptHeaders(answer.headers),
  };
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function accepted(): KeptAnswer & { result: AttemptResult } {
  return { result: { kind: 'accepted' }, responseBody: null, responseHeaders: null };
}

function refusedBy(error: unknown): Answer {
  const text = error instanceof Error ? keptText(error.message) : null;
  return { ...failed(brokerCodeOf(error)), responseBody: text };
}

function failed(code: string): Answer {
  return { result: { kind: 'error', code }, responseBody: null, responseHeaders: null };
}

function failedBy(thrown: unknown): Answer {
  const error = thrown instanceof ConnectFailed ? thrown.cause : thrown;
  if (!(error instanceof Error)) return failed('unknown');
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // undici's own are `UND_ERR_HEADERS_TIMEOUT` and the like.
  return failed(code.replace(/^UND_ERR_/, '').toLowerCase());
}
