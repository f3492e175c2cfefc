import type { KeyObject } from 'node:crypto';
import { Agent, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';
import type { AttemptResult } from '../domain/delivery.ts';
import { parseRetryAfterMs } from '../domain/retry-schedule.ts';
import { signedHeaders } from './sign.ts';
import {
  guardedLookup,
  isPublicAddress,
  PrivateAddressError,
  refuseTarget,
} from './target-guard.ts';
import type { TargetRefusal } from './target-guard.ts';

export type Outgoing = {
  id: string;
  url: string;
  key: KeyObject;
  body: string;
  /** True where what a receiver says with its 2xx matters too. */
  keepsBody?: boolean;
};

export type Sender = {
  send(outgoing: Outgoing): Promise<SendResult>;
  close(): Promise<void>;
};

export type SendResult = {
  result: AttemptResult;
  /** What the receiver said, truncated; null where nothing came. */
  responseBody: string | null;
  durationMs: number;
  startedAt: Date;
};

const timeoutMs = 20_000;
const connectTimeoutMs = 5_000;
const keptBodyChars = 1_024;
// A receiver may answer anything; what goes beyond this is not read.
const readBodyBytes = 64 * 1_024;
const keptTargets = 10_000;

type Target = { origin: string; path: string; refusal: TargetRefusal | undefined };

/** Sends signed events to merchants' endpoints. Follows no redirects; never throws for what a receiver does. */
export function createSender({ allowPrivate }: { allowPrivate: boolean }): Sender {
  const agent = new Agent({
    connect: allowPrivate ? { timeout: connectTimeoutMs } : guardedConnector(),
    connections: 64,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 30_000,
  });
  // An address is parsed and judged once, not at every event.
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
        : await post(agent, target, outgoing).catch(failedBy);
      return { ...answer, startedAt, durationMs: Math.round(performance.now() - startedMs) };
    },
    close: () => agent.destroy(),
  };
}

type Answer = Pick<SendResult, 'result' | 'responseBody'>;

async function post(agent: Agent, target: Target, outgoing: Outgoing): Promise<Answer> {
  const { id, key, body, keepsBody } = outgoing;
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  const response = await agent.request({
    origin: target.origin,
    path: target.path,
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Tender-Webhooks/1.0',
      ...signedHeaders({ id, timestampSeconds, body, key }),
    },
    body,
  });
  const { statusCode, headers } = response;
  // The agent bounds the wait for the headers and between two pieces of a body; this bounds the whole.
  const timer = statusCode === 204 ? undefined : setTimeout(cutOff, timeoutMs, response.body);
  try {
    const isSuccess = statusCode >= 200 && statusCode < 300;
    const responseBody =
      isSuccess && !keepsBody ? await drain(response.body) : await readSome(response.body);
    const retryAfterMs = parseRetryAfterMs(firstOf(headers['retry-after']), Date.now());
    return { result: { kind: 'response', statusCode, retryAfterMs }, responseBody };
  } finally {
    clearTimeout(timer);
  }
}

type Body = Dispatcher.ResponseData['body'];

function cutOff(body: Body): void {
  body.destroy(new Error(`no whole answer within ${timeoutMs} ms`));
}

/** A success is a status; its body only has to be drained to free the socket. */
async function drain(body: Body): Promise<null> {
  // A body that breaks off takes nothing from the status that came before it.
  await body.dump({ limit: readBodyBytes }).catch(() => {});
  return null;
}

async function readSome(body: Body): Promise<string> {
  let text = '';
  // Decoded as a whole, so that no character is cut where two pieces meet.
  body.setEncoding('utf8');
  try {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length >= keptBodyChars) break;
    }
  } catch {
    // What came before it broke off is what was said.
  }
  // PostgreSQL's text holds no NUL.
  return text.slice(0, keptBodyChars).replaceAll('\0', '');
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function failed(code: string): Answer {
  return { result: { kind: 'error', code }, responseBody: null };
}

function failedBy(error: unknown): Answer {
  if (!(error instanceof Error)) return failed('unknown');
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // undici's own are `UND_ERR_HEADERS_TIMEOUT` and the like.
  return failed(code.replace(/^UND_ERR_/, '').toLowerCase());
}

function guardedConnector(): buildConnector.connector {
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup: guardedLookup });
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
