import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * The application's private key as PEM, PKCS8. Accepts PEM and the bare base64 of Alipay's key tool: PKCS8 for Java,
 * else PKCS1. Throws if it is no RSA private key.
 */
export function readPrivateKey(text: string): string {
  const key = firstOf('privateKey', [
    () => createPrivateKey(text),
    () => createPrivateKey({ key: derOf(text), format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: derOf(text), format: 'der', type: 'pkcs1' }),
  ]);
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Alipay's public key as PEM, SPKI; Alipay's console shows it as bare base64. */
export function readPublicKey(text: string): string {
  const key = firstOf('alipayPublicKey', [
    () => createPublicKey(text),
    () => createPublicKey({ key: derOf(text), format: 'der', type: 'spki' }),
  ]);
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

const derOf = (text: string) => Buffer.from(text, 'base64');

function firstOf(name: string, readers: readonly (() => KeyObject)[]): KeyObject {
  for (const read of readers) {
    try {
      const key = read();
      if (key.asymmetricKeyType === 'rsa') return key;
    } catch {
      // Another format, or no key: try the next reader.
    }
  }
  throw new Error(`${name} is not an RSA key in PEM or in Alipay's bare base64`);
}
