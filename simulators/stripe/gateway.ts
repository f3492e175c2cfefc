import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import type { Account, Book } from '../kit/book.ts';
import type { CallKind, FaultScript, ActiveFault } from '../kit/faults.ts';
import type { Platform } from '../kit/platform.ts';
import { hangUp } from '../kit/serve.ts';
import type { SimulatorEnv } from '../kit/serve.ts';
import type { ApiCall } from './api-call.ts';
import { ApiError, invalidRequest, rateLimited, serverError } from './api-error.ts';
import type { KeyStore } from './idempotency.ts';
import { newId } from './ids.ts';
import { readParams } from './params.ts';
import { matchRoute, numberOfCall } from './routes.ts';

export type GatewayParts = {
  platform: Platform;
  faults: FaultScript;
  keys: KeyStore;
  later: ApiCall['later'];
  publicUrl: () => string;
  searchDelayMs: number;
};

type Answer = { status: number; body: string; headers: Record<string, string> };

/** `/v1/…`: form-encoded requests, JSON answers, idempotency keys. https://docs.stripe.com/api */
export function createGateway(parts: GatewayParts) {
  return async (c: Context<SimulatorEnv>): Promise<Response> => {
    try {
      return await handle(parts, c);
    } catch (error) {
      return reply(c, answerOfError(error));
    }
  };
}

async function handle(parts: GatewayParts, c: Context<SimulatorEnv>): Promise<Response> {
  const { platform, faults, keys, later, searchDelayMs } = parts;
  const url = new URL(c.req.url);
  const matched = matchRoute(c.req.method, url.pathname);
  if (!matched) throw notFound(c.req.method, url.pathname);
  const { route, id } = matched;
  const params = readParams(c.req.method === 'POST' ? await c.req.text() : url.search);
  const account = authenticate(platform.book, c.req.header('authorization') ?? '', route.call);
  const publicUrl = parts.publicUrl();
  const call: ApiCall = { platform, faults, account, params, publicUrl, later, searchDelayMs };

  const target = { account: account.account, outTradeNo: numberOfCall(call, id) };
  const activeFault = route.call && faults.takeForCall(route.call, target);
  const key = c.req.method === 'POST' ? c.req.header('idempotency-key') : undefined;
  const run = () => answerOf(() => route.run(call, id), activeFault);
  if (!key) return respond(c, run(), activeFault);
  if (key.length > 255) throw invalidRequest('Idempotency keys must be at most 255 characters.');

  const scoped = `${account.account}/${key}`;
  const terms = `${url.pathname} ${params.canonical}`;
  const stored = keys.begin(scoped, terms);
  // Only the first request holds the key; a later one gets the stored response.
  if (stored) return respond(c, replayed(stored, activeFault), activeFault);
  try {
    const answer = run();
    if (isStored(answer, activeFault)) keys.keep(scoped, terms, answer);
    return await respond(c, answer, activeFault);
  } finally {
    keys.end(scoped);
  }
}

function answerOf(execute: () => object, activeFault: ActiveFault<CallKind> | undefined): Answer {
  try {
    refuseByFault(activeFault);
    return { status: 200, body: JSON.stringify(execute(), null, 2), headers: {} };
  } catch (error) {
    return answerOfError(error);
  }
}

function replayed(
  stored: { status: number; body: string },
  activeFault: ActiveFault<CallKind> | undefined,
): Answer {
  try {
    refuseByFault(activeFault);
    return { ...stored, headers: { 'idempotent-replayed': 'true' } };
  } catch (error) {
    return answerOfError(error);
  }
}

/** Throws the error of a fault. A 503 stands for failures before the endpoint, which no key stores. */
function refuseByFault(activeFault: ActiveFault<CallKind> | undefined): void {
  switch (activeFault?.kind) {
    case 'refused':
      throw invalidRequest('Refused as scripted', { code: activeFault.code ?? '' });
    case 'http500':
      throw serverError(500);
    case 'systemError':
    case 'timeoutBefore':
      throw serverError(503);
    case 'rateLimited':
      throw rateLimited();
    default:
  }
}

/** True if the response is stored under the key: not for an invalid request or one that never reached the endpoint. */
function isStored(
  { status, body }: Answer,
  activeFault: ActiveFault<CallKind> | undefined,
): boolean {
  if (
    activeFault &&
    ['timeoutBefore', 'systemError', 'rateLimited', 'refused'].includes(activeFault.kind)
  )
    return false;
  const isInvalid = /"code":"parameter_|"param":"expires_at"/.test(body);
  return !(status === 400 && isInvalid);
}

async function respond(
  c: Context<SimulatorEnv>,
  answer: Answer,
  activeFault: ActiveFault<CallKind> | undefined,
): Promise<Response> {
  if (activeFault) await sleep(activeFault.delayMs);
  switch (activeFault?.kind) {
    case 'timeoutBefore':
    case 'executedThenTimeout':
      return hangUp(c);
    case 'malformed':
      return reply(c, { ...answer, body: answer.body.slice(0, answer.body.length / 2) });
    default:
      return reply(c, answer);
  }
}

function reply(c: Context, { status, body, headers }: Answer): Response {
  const advice = status >= 500 ? { 'stripe-should-retry': 'false' } : {};
  return new Response(body, {
    status,
    headers: {
      'content-type': 'application/json',
      'request-id': newId('req_', 14),
      'stripe-version': c.req.header('stripe-version') ?? '2026-10-28.endive',
      ...advice,
      ...headers,
    },
  });
}

function answerOfError(error: unknown): Answer {
  if (!(error instanceof ApiError)) throw error;
  return {
    status: error.status,
    body: JSON.stringify({ error: error.body }),
    headers: error.headers,
  };
}

/** Authenticates Bearer, or Basic with the key as the user. Only the payer's own call may use a publishable key. */
function authenticate(book: Book, header: string, call: string | undefined): Account {
  const [scheme, value = ''] = header.split(' ');
  const isBasic = scheme === 'Basic';
  const key = isBasic ? (Buffer.from(value, 'base64').toString().split(':')[0] ?? '') : value;
  const accounts = [...book.accounts.values()];
  const owner = accounts.find(
    ({ details }) =>
      details['secretKey'] === key || (call === undefined && details['publishableKey'] === key),
  );
  if (key && owner) return owner;
  const message = `Invalid API Key provided: ${key.slice(0, 8)}********`;
  throw new ApiError(401, { type: 'invalid_request_error', message });
}

function notFound(method: string, path: string): ApiError {
  const message = `Unrecognized request URL (${method}: ${path}).`;
  return invalidRequest(message, { status: 404 });
}
