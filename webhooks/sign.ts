import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const secretPrefix = 'whsec_';

/** A fresh signing secret: `whsec_` and 32 random bytes in base64 (Standard Webhooks: 24 to 64). */
export function newSecret(): string {
  return secretPrefix + randomBytes(32).toString('base64');
}

/** The key in a `whsec_` secret; made once for many signatures. */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(secret.slice(secretPrefix.length), 'base64');
}

/**
 * The headers of a signed delivery, Standard Webhooks 1.0 with a symmetric signature:
 * `v1,` and the HMAC-SHA256 of `<id>.<timestamp>.<body>` in base64. The id stays the same at every attempt.
 */
export function signedHeaders(input: {
  id: string;
  timestampSeconds: number;
  body: string;
  key: KeyObject;
}): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const signature = createHmac('sha256', input.key)
    .update(`${input.id}.${input.timestampSeconds}.${input.body}`)
    .digest('base64');
  return {
    'webhook-id': input.id,
    'webhook-timestamp': String(input.timestampSeconds),
    'webhook-signature': `v1,${signature}`,
  };
}
