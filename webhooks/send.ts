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

export type Sender = {
  send(input: { id: string; url: string; secret: string; body: string }): Promise<SendResult>;
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

/** Sends signed events to merchants' endpoints. Follows no redirects; never throws for what a receiver does. */
export function createSender({ allowPrivate }: { allowPrivate: boolean }): Sender {
  const agent = new Agent({
    connect: allowPrivate ? { timeout: connectTimeoutMs } : guardedConnector(),
    connections: 64,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 30_000,
  });

  async function post(input: { id: string; url: string; secret: string; body: string }) {
    const url = new URL(input.url);
    const timestampSeconds = Math.floor(Date.now() / 1_000);
    const { statusCode, headers, body } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Tender-Webhooks/1.0',
        ...signedHeaders({ ...input, timestampSeconds }),
      },
      body: input.body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const retryAfter = headers['retry-after'];
    const retryAfterMs = parseRetryAfterMs(
      Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      Date.now(),
    );
    const result: AttemptResult = { kind: 'response', statusCode, retryAfterMs };
    return { result, responseBody: await readSome(body, statusCode) };
  }

  return {
    async send(input) {
      const startedAt = new Date();
      const startedMs = performance.now();
      const done = (result: AttemptResult, responseBody: string | null): SendResult => ({
        result,
        responseBody,
        durationMs: Math.round(performance.now() - startedMs),
        startedAt,
      });
      const refusal = refuseTarget(input.url, { allowPrivate });
      if (refusal) return done({ kind: 'error', code: refusal }, null);
      try {
        const { result, responseBody } = await post(input);
        return done(result, responseBody);
      } catch (error) {
        return done({ kind: 'error', code: errorCode(error) }, null);
      }
    },
    close: () => agent.destroy(),
  };
}

async function readSome(
  body: Dispatcher.ResponseData['body'],
  statusCode: number,
): Promise<string | null> {
  if (statusCode >= 200 && statusCode < 300) {
    // A success is a status; its body only has to be drained to free the socket.
    await body.dump({ limit: readBodyBytes });
    return null;
  }
  let text = '';
  try {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length >= keptBodyChars) break;
    }
  } catch {
    // Broken off: the status was an answer all the same, and a 410 or a Retry-After counts.
  }
  // PostgreSQL's text holds no NUL.
  return text.slice(0, keptBodyChars).replaceAll('\0', '');
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

function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return 'timeout';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return code.toLowerCase();
}
