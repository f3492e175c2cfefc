import { createCipheriv, randomBytes, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Signs with SHA256withRSA off the event loop, because a signature takes 1 ms. */
export function signText(text: string, key: KeyObject): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('RSA-SHA256', Buffer.from(text), key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature.toString('base64'));
    });
  });
}

export function isSigned(text: string, key: KeyObject, signature: string): boolean {
  return verify('RSA-SHA256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

export type Signer = { serial: string; privateKey: KeyObject };

/** The signature headers of responses and notifications. */
export async function signatureHeaders(
  body: string,
  { serial, privateKey }: Signer,
  timestampSeconds = nowSeconds(),
): Promise<Record<string, string>> {
  const nonce = randomBytes(16).toString('hex');
  const text = `${timestampSeconds}\n${nonce}\n${body}\n`;
  return {
    'wechatpay-timestamp': String(timestampSeconds),
    'wechatpay-nonce': nonce,
    'wechatpay-serial': serial,
    'wechatpay-signature': await signText(text, privateKey),
    'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
  };
}

/** Encrypts with AES-256-GCM in WeChat's format: the tag follows the ciphertext. */
export function encrypt(plaintext: string, apiV3Key: string, associatedData: string) {
  const nonce = randomBytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', apiV3Key, nonce).setAAD(Buffer.from(associatedData));
  const sealed = [cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return {
    algorithm: 'AEAD_AES_256_GCM',
    ciphertext: Buffer.concat(sealed).toString('base64'),
    associated_data: associatedData,
    nonce,
  };
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
