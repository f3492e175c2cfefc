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
  /** Of our own certificate. */
  serialNo: string;
  privateKey: KeyObject;
  apiV3Key: string;
  publicKeys: ReadonlyMap<string, KeyObject>;
  /** For a whole call. */
  timeoutMs: number;
};

/** A verified answer: what was asked for, or why not. */
export type ApiAnswer = { kind: 'ok'; body: unknown } | { kind: 'error'; error: ApiError };

export type Api = {
  readonly keys: PlatformKeys;
  get(path: string): Promise<ApiAnswer>;
  post(path: string, body: Readonly<Record<string, unknown>>): Promise<ApiAnswer>;
  /** A file. These answers carry no signature: whoever asked compares the hash. */
  download(path: string): Promise<Buffer>;
};

const noCertificate =
  'the merchant has no platform certificate: its account needs wechatPayPublicKeyId and wechatPayPublicKey, from the portal';

const isTurnedAway = ({ status }: Received) => status === 401 || status === 403;

type Received = { status: number; headers: Readonly<Record<string, string>>; bytes: Buffer };

/**
 * API v3: requests signed, every answer verified. Of the SDK only the primitives are used: its axios
 * client verifies no answer but 2xx and gives away their raw bytes, so that an error could not be
 * verified by us either; its keys are fixed when it is made; and a connection that never stood looks
 * like one that broke.
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
      // They refuse requests without one.
      'user-agent': 'tender',
      authorization,
      // With it the answer is signed by that key; without it some are signed by a certificate that was never handed out.
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
    if (!isTurnedAway(received) && !hasNone) return message;
    // Cannot be verified: it is believed only so far that a person must look.
    if (hasNone) throw new ProviderFault('misconfigured', 'NO_PLATFORM_CERTIFICATE', noCertificate);
    const said = `HTTP ${received.status}: ${message.rawBody.slice(0, 200)}`;
    throw new ProviderFault('misconfigured', 'CERTIFICATES_REFUSED', said);
  }

  const keys = createPlatformKeys({ publicKeys, apiV3Key, download: downloadCertificates });

  async function call(method: 'GET' | 'POST', path: string, body?: string): Promise<ApiAnswer> {
    await keys.prepare();
    const received = await send(method, path, { body });
    const message = messageOf(received);
    const trust = await keys.check(message);
    const { status } = received;
    if (trust.kind !== 'trusted') {
      // One such answer alone decides nothing. An account that may not even ask for the certificates
      // has had nothing executed.
      if (isTurnedAway(received)) await downloadCertificates();
      // Their word is repeated for whoever reads the log; it decides nothing.
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
      if (status !== 200) throw unreadable(`the download was answered HTTP ${status}`);
      return bytes;
    },
  };
}

/** The value in a verified answer; an unexpected shape is no answer. */
export function read<Shape extends z.ZodType>(shape: Shape, body: unknown): z.output<Shape> {
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw unreadable(`the answer is not as documented`, parsed.error);
  return parsed.data;
}

const errorSchema = z.object({ code: z.string().min(1), message: z.string().default('') });

function readError({ status, headers }: Received, rawBody: string): ApiError {
  const error = read(errorSchema, readJson(rawBody));
  const retryAfter = headers['retry-after'] ?? '';
  const isTold = /^\d{1,5}$/.test(retryAfter);
  return { status, ...error, ...(isTold && { retryAfterMs: Number(retryAfter) * 1000 }) };
}

/** An empty body, as of 204, is undefined. */
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
  // A header that stands twice is none of the signature's.
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}
