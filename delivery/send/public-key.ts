import { createHash } from 'node:crypto';

const publicPrefix = 'whpk_';

/** An ed25519 public key as a JSON Web Key (RFC 8037). */
export type PublishedKey = {
  kty: 'OKP';
  crv: 'Ed25519';
  x: string;
  /** The key's thumbprint, which never changes. */
  kid: string;
  use: 'sig';
  alg: 'EdDSA';
};

/** `whpk_` and the 32 bytes of an ed25519 public key in base64 (Standard Webhooks 1.0). */
export function publicKeyFrom(bytes: Uint8Array): string {
  return publicPrefix + Buffer.from(bytes).toString('base64');
}

/** The key in `whpk_…`, as `/.well-known/jwks.json` publishes it. */
export function publishedKey(publicKey: string): PublishedKey {
  const x = Buffer.from(publicKey.slice(publicPrefix.length), 'base64').toString('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid: thumbprint(x), use: 'sig', alg: 'EdDSA' };
}

/** RFC 7638 for an OKP key (RFC 8037, appendix A.3): the required members in the order of their names. */
function thumbprint(x: string): string {
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
}
