import type { KeyObject } from 'node:crypto';
import { request } from 'undici';
import type { Agent } from 'undici';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';
import { z } from 'zod';
import { ProviderFault } from '../faults.ts';
import { createPlatformKeys } from './certificates.ts';
import type { PlatformKeys } from './certificates.ts';
import { faultOfThrown, unreadable } from './errors.ts';
import type { ApiError } from './errors.ts';
import type { SignedMessage } from './signature.ts';
import { createAgents } from './transport.ts';

export type ApiConfig = {
  apiUrl: string;
  mchId: string;
  /** The serial number of our own certificate. */
  serialNo: string;
  privateKey: KeyObject;
  apiV3Key: string;
  publicKeys: ReadonlyMap<string, KeyObject>;
  /** For a whole call, ms. */
  timeoutMs: number;
};

/** A verified answer, with the result or the error. */
export type ApiAnswer = { kind: 'ok'; body: unknown } | { kind: 'error'; error: ApiError };

export type Api = {
  readonly keys: PlatformKeys;
  get(path: string): Promise<ApiAnswer>;
  post(path: string, body: Readonly<Record<string, unknown>>): Promise<ApiAnswer>;
  /** Downloads a file. The answer is not signed; the caller compares the hash. */
  download(path: string): Promise<Buffer>;
};

const noCertificate =
  'the merchant has no platform certificate: its account needs wechatPayPublicKeyId and wechatPayPublicKey, from the portal';

const isRefused = ({ status }: Received) => status === 401 || status === 403;

type Received = { status: number; headers: Readonly<Record<string, string>>; bytes: Buffer };

/**
 * API v3: signs requests and verifies every answer. Uses only the SDK's primitives, because its axios client verifies
 * no answer but 2xx and discards the raw bytes, so that we could not verify an error either; its keys are fixed at
 * creation; and it does not distinguish a failed connection from a broken one.
 */
export function createApi(config: ApiConfig): Api {
  const { apiUrl, mchId, serialNo, privateKey, apiV3Key, publicKeys, timeoutMs } = config;
  const { calls, files } = createAgents({ timeoutMs });
  const answersSignedBy = [...publicKeys.keys()].at(-1);

  async function send(
    method: 'GET' | 'POST',
    path: string,
    { body = '', dispatcher = calls }: { body?: string | undefined; dispatcher?: Agent } = {},
  ): Promise<Received> {
    const url = new URL(path, apiUrl);
    const nonce = Formatter.nonce();
    const timestamp = Formatter.timestamp();
    const text = Formatter.request(method, url.pathname + url.search, timestamp, nonce, body);
    const signature = Rsa.sign(text, privateKey);
    const authorization = Formatter.authorization(mchId, nonce, signature, timestamp, serialNo);
    const headers = {
      accept: 'application/json',
      // WeChat refuses requests without one.
      'user-agent': 'tender',
      authorization,
      // With the header that key signs the answer; without it some answers are signed by an unpublished certificate.
      ...(answersSignedBy && { 'wechatpay-serial': answersSignedBy }),
      ...(body && { 'content-type': 'application/json' }),
    };
    try {
      const answer = await request(url, { method, headers, dispatcher, body: body || null });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      return { status: answer.statusCode, headers: flatHeaders(answer.headers), bytes };
    } catch (error) {
      throw faultOfThrown(error);
    }
  }

  async function downloadCertificates(): Promise<SignedMessage> {
    const received = await send('GET', '/v3/certificates');
    const message = messageOf(received);
    const hasNone = received.status === 404 && publicKeys.size === 0;
    if (!isRefused(received) && !hasNone) return message;
    // The answer cannot be verified; it only causes an alert.
    if (hasNone) throw new ProviderFault('misconfigured', 'NO_PLATFORM_CERTIFICATE', noCertificate);
    const reason = `HTTP ${received.status}: ${message.rawBody.slice(0, 200)}`;
    throw new ProviderFault('misconfigured', 'CERTIFICATES_REFUSED', reason);
  }

  const keys = createPlatformKeys({ publicKeys, apiV3Key, download: downloadCertificates });

  async function call(method: 'GET' | 'POST', path: string, body?: string): Promise<ApiAnswer> {
    await keys.prepare();
    const received = await send(method, path, { body });
    const message = messageOf(received);
    const trust = await keys.check(message);
    const { status } = received;
    if (trust.kind !== 'trusted') {
      // One unverified answer decides nothing. If even the certificates are refused, nothing was executed for this
      // account.
      if (isRefused(received)) await downloadCertificates();
      // The provider's text is quoted for the log only.
      throw unreadable(`HTTP ${status}, ${trust.reason}: ${message.rawBody.slice(0, 200)}`);
    }
    if (status >= 200 && status < 300) return { kind: 'ok', body: readJson(message.rawBody) };
    return { kind: 'error', error: readError(received, message.rawBody) };
  }

  return {
    keys,
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, JSON.stringify(body)),
    async download(path) {
      const { status, bytes } = await send('GET', path, { dispatcher: files });
      if (status !== 200) throw unreadable(`the download was answered with HTTP ${status}`);
      return bytes;
    },
  };
}

/** Parses a verified answer; throws a ProviderFault if its shape is unexpected. */
export function read<Shape extends z.ZodType>(shape: Shape, body: unknown): z.output<Shape> {
  const parsed = shape.safeParse(body);
  if (!parsed.success)
    throw unreadable(`the answer does not have the documented format`, parsed.error);
  return parsed.data;
}

const errorSchema = z.object({ code: z.string().min(1), message: z.string().default('') });

function readError({ status, headers }: Received, rawBody: string): ApiError {
  const error = read(errorSchema, readJson(rawBody));
  const retryAfter = headers['retry-after'] ?? '';
  const isSeconds = /^\d{1,5}$/.test(retryAfter);
  return { status, ...error, ...(isSeconds && { retryAfterMs: Number(retryAfter) * 1000 }) };
}

/** An empty body, as with 204, is undefined. */
function readJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable('the answer is not JSON', error);
  }
}

function messageOf({ headers, bytes }: Received): SignedMessage {
  return { headers, rawBody: bytes.toString() };
}

function flatHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  // Duplicated headers are dropped; the signature's headers are unique.
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
