import {
  createHmac,
  createPrivateKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { publicKeyFrom, publishedKey } from './public-key.ts';

const hmacPrefix = 'whsec_';
const ed25519Prefix = 'whsk_';
const seedBytes = 32;

export type SecretKind = 'hmac' | 'ed25519';

/** A parsed secret, reused for many signatures. */
export type SigningKey =
  | { kind: 'hmac'; key: KeyObject }
  /** `id`: the `kid` of its public half at `/.well-known/jwks.json`. */
  | { kind: 'ed25519'; key: KeyObject; id: string };

/**
 * A new signing secret in the form of Standard Webhooks 1.0: `whsec_` and 32 random bytes, or `whsk_` and an ed25519
 * key's seed and public key, with the public key also separately as `whpk_…`; all in base64.
 */
export function newSecret(kind: SecretKind): { secret: string; publicKey: string | null } {
  if (kind === 'hmac') {
    return { secret: hmacPrefix + randomBytes(32).toString('base64'), publicKey: null };
  }
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const publicBytes = Buffer.from(x, 'base64url');
  const pair = Buffer.concat([Buffer.from(d, 'base64url'), publicBytes]);
  return { secret: ed25519Prefix + pair.toString('base64'), publicKey: publicKeyFrom(publicBytes) };
}

/** Parses a secret. Throws if it is no signing secret of Standard Webhooks. */
export function signingKey(secret: string): SigningKey {
  if (secret.startsWith(hmacPrefix)) {
    return { kind: 'hmac', key: createSecretKey(secret.slice(hmacPrefix.length), 'base64') };
  }
  const pair = Buffer.from(secret.slice(ed25519Prefix.length), 'base64');
  if (!secret.startsWith(ed25519Prefix) || pair.length !== 2 * seedBytes) {
    // The message does not show the value: it may be a mistyped secret.
    throw new Error('not a signing secret of Standard Webhooks');
  }
  const d = pair.subarray(0, seedBytes).toString('base64url');
  const { x, kid } = publishedKey(publicKeyFrom(pair.subarray(seedBytes)));
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x }, format: 'jwk' });
  return { kind: 'ed25519', key, id: kid };
}

type Signable = {
  /** Contains no dot: dots separate the parts that are signed. */
  id: string;
  timestampSeconds: number;
  body: string | Buffer;
  /** The current key first, and during a rotation the previous one. */
  keys: readonly SigningKey[];
};

/**
 * The `webhook-signature` of Standard Webhooks 1.0: `<id>.<timestamp>.<body>` signed by each key (`v1,` HMAC-SHA256,
 * `v1a,` ed25519, in base64), separated by spaces.
 * @example signatureOf({ id: 'evt_1', timestampSeconds: 1700000000, body: '{}', keys }) // 'v1,K5oZ…'
 */
export function signatureOf({ id, timestampSeconds, body, keys }: Signable): string {
  const start = `${id}.${timestampSeconds}.`;
  const [only, ...more] = keys;
  if (only && more.length === 0) return signatureBy(only, start, body);
  return keys.map((key) => signatureBy(key, start, body)).join(' ');
}

function signatureBy(signing: SigningKey, start: string, body: string | Buffer): string {
  if (signing.kind === 'hmac') {
    const hmac = createHmac('sha256', signing.key);
    const signed =
      typeof body === 'string' ? hmac.update(start + body) : hmac.update(start).update(body);
    return `v1,${signed.digest('base64')}`;
  }
  const content =
    typeof body === 'string'
      ? Buffer.from(start + body)
      : Buffer.concat([Buffer.from(start), body]);
  return `v1a,${sign(null, content, signing.key).toString('base64')}`;
}

/** The headers of a Standard Webhook. The id stays the same at every attempt. */
export function signedHeaders(
  signable: Signable,
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  return {
    'webhook-id': signable.id,
    'webhook-timestamp': String(signable.timestampSeconds),
    'webhook-signature': signatureOf(signable),
  };
}
