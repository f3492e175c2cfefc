import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/**
 * The application's private key as PEM, PKCS8. Alipay's key tool writes bare base64 of PKCS8, or of PKCS1 for those
 * who do not choose Java; both are taken, and PEM. Throws on what is no private RSA key.
 */
export function readPrivateKey(text: string): string {
  const key = firstOf('privateKey', [
    () => createPrivateKey(text),
    () => createPrivateKey({ key: derOf(text), format: 'der', type: 'pkcs8' }),
    () => createPrivateKey({ key: derOf(text), format: 'der', type: 'pkcs1' }),
  ]);
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Alipay's public key as PEM, SPKI; its console shows it as bare base64. */
export function readPublicKey(text: string): string {
  const key = firstOf('alipayPublicKey', [
    () => createPublicKey(text),
    () => createPublicKey({ key: derOf(text), format: 'der', type: 'spki' }),
  ]);
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

const derOf = (text: string) => Buffer.from(text, 'base64');

function firstOf(name: string, ways: readonly (() => KeyObject)[]): KeyObject {
  for (const read of ways) {
    try {
      const key = read();
      if (key.asymmetricKeyType === 'rsa') return key;
    } catch {
      // Written in another way, or none: the next one tells.
    }
  }
  throw new Error(`${name} is no RSA key, neither PEM nor the base64 that Alipay hands out`);
}
