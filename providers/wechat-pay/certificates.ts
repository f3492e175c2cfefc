import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { ProviderFault } from '../faults.ts';
import { decrypt, encryptedSchema } from './resource.ts';
import { checkSignature } from './signature.ts';
import type { SignatureVerdict, SignedMessage } from './signature.ts';

const refreshEveryMs = 60_000;
/** After no answer at all. */
const retryAfterMs = 1000;

/** These keys are shown in the portal and cannot be downloaded. */
const publicKeyPrefix = 'PUB_KEY_ID_';

export type PlatformKeysConfig = {
  /** Public keys by serial, from the account's settings. */
  publicKeys: ReadonlyMap<string, KeyObject>;
  apiV3Key: string;
  /** `GET /v3/certificates`, unverified. Throws `misconfigured` if WeChat refuses us. */
  download(): Promise<SignedMessage>;
  now?: () => number;
};

export type Trust =
  | { kind: 'trusted' }
  | { kind: 'refused'; reason: string }
  /** The key is unknown and could not be fetched now. */
  | { kind: 'undecided'; reason: string };

/** The platform's keys by serial: public keys and certificates coexist while WeChat migrates. */
export type PlatformKeys = {
  check(message: SignedMessage): Promise<Trust>;
  /** Fetches the certificates if no key is known; throws if there still is none. */
  prepare(): Promise<void>;
};

export function createPlatformKeys(config: PlatformKeysConfig): PlatformKeys {
  const { publicKeys, apiV3Key, download, now = Date.now } = config;
  /** The last list; certificates no longer on it are no longer trusted. */
  let certificates: ReadonlyMap<string, KeyObject> = new Map();
  let nextRefreshAtMs = Number.NEGATIVE_INFINITY;
  let refreshing: Promise<boolean> | undefined;
  let failure = noKey();

  /** False if not possible now. Concurrent callers share one refresh. */
  function refresh(): Promise<boolean> {
    if (refreshing) return refreshing;
    // Anyone can invent a serial, so refreshes are rate-limited.
    if (now() < nextRefreshAtMs) return Promise.resolve(false);
    nextRefreshAtMs = now() + refreshEveryMs;
    refreshing = fetchCertificates().finally(() => {
      refreshing = undefined;
    });
    return refreshing;
  }

  async function fetchCertificates(): Promise<boolean> {
    let answer: SignedMessage;
    try {
      answer = await download();
    } catch (error) {
      failure = noKey(error);
      if (failure.kind === 'retryable') nextRefreshAtMs = now() + retryAfterMs;
      return false;
    }
    const fetched = readCertificates(answer.rawBody, apiV3Key, now());
    if (!fetched) return false;
    // The first list may be signed by one of its own certificates; their encryption under our key vouches for them.
    const keyWith = (serial: string) => keyOf(serial) ?? fetched.get(serial);
    if (checkSignature(answer, keyWith, now()).kind !== 'signed') return false;
    certificates = fetched;
    return true;
  }

  return {
    async check(message) {
      const verdict = verdictOn(message);
      if (verdict.kind !== 'unknownSerial') return trustOf(verdict);
      const { serial } = verdict;
      if (serial.startsWith(publicKeyPrefix)) {
        return { kind: 'undecided', reason: `the account has no public key ${serial}` };
      }
      if (await refresh()) return trustOf(verdictOn(message));
      // A concurrent refresh may have fetched it.
      if (keyOf(serial)) return trustOf(verdictOn(message));
      return { kind: 'undecided', reason: `the certificate ${serial} cannot be fetched now` };
    },
    async prepare() {
      if (publicKeys.size + certificates.size > 0) return;
      if (!(await refresh())) throw failure;
    },
  };

  function verdictOn(message: SignedMessage): SignatureVerdict {
    return checkSignature(message, keyOf, now());
  }

  function keyOf(serial: string): KeyObject | undefined {
    return publicKeys.get(serial) ?? certificates.get(serial);
  }
}

/** Without a key no call is made, so the call itself was certainly not executed. */
function noKey(cause?: unknown): ProviderFault {
  if (cause instanceof ProviderFault && cause.kind === 'misconfigured') return cause;
  const message = 'no platform key is known, and the certificates cannot be fetched now';
  return new ProviderFault('retryable', 'NO_PLATFORM_KEY', message, { cause });
}

function trustOf(verdict: SignatureVerdict): Trust {
  switch (verdict.kind) {
    case 'signed':
      return { kind: 'trusted' };
    case 'unsigned':
      return { kind: 'refused', reason: verdict.reason };
    case 'unknownSerial':
      return { kind: 'refused', reason: `${verdict.serial} is not a platform key` };
  }
}

const listSchema = z.object({
  data: z.array(z.object({ serial_no: z.string(), encrypt_certificate: encryptedSchema })),
});

/** Undefined if anything in the list is invalid. https://pay.weixin.qq.com/doc/global/v3/zh/4012354540 */
function readCertificates(
  rawBody: string,
  apiV3Key: string,
  nowMs: number,
): Map<string, KeyObject> | undefined {
  try {
    const { data } = listSchema.parse(JSON.parse(rawBody));
    const keys = new Map<string, KeyObject>();
    for (const { serial_no: serial, encrypt_certificate: encrypted } of data) {
      const pem = decrypt(encrypted, apiV3Key);
      if (!pem) return undefined;
      const certificate = new X509Certificate(pem);
      if (certificate.serialNumber !== serial.toUpperCase()) return undefined;
      if (Date.parse(certificate.validTo) > nowMs) keys.set(serial, certificate.publicKey);
    }
    return keys;
  } catch {
    return undefined;
  }
}
