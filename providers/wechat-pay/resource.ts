import { Aes } from 'wechatpay-axios-plugin';
import { z } from 'zod';

/** A value encrypted under the APIv3 key, in notifications and in the certificate list. */
export const encryptedSchema = z.object({
  algorithm: z.literal('AEAD_AES_256_GCM'),
  nonce: z.string().length(12),
  associated_data: z.string().default(''),
  ciphertext: z.string(),
});

export type Encrypted = z.infer<typeof encryptedSchema>;

const tagBytes = 16;

/** Decrypts AES-256-GCM; undefined if the value was not encrypted under this key. */
export function decrypt(
  { nonce, associated_data, ciphertext }: Encrypted,
  apiV3Key: string,
): string | undefined {
  // For a shorter text the SDK would accept a shorter tag.
  if (Buffer.from(ciphertext, 'base64').length <= tagBytes) return undefined;
  try {
    return Aes.AesGcm.decrypt(ciphertext, apiV3Key, nonce, associated_data);
  } catch {
    return undefined;
  }
}
