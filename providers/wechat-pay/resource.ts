import { Aes } from 'wechatpay-axios-plugin';
import { z } from 'zod';

/** What is encrypted under the APIv3 key, in notifications and in the list of certificates. */
export const encryptedSchema = z.object({
  algorithm: z.literal('AEAD_AES_256_GCM'),
  nonce: z.string().length(12),
  associated_data: z.string().default(''),
  ciphertext: z.string(),
});

export type Encrypted = z.infer<typeof encryptedSchema>;

const tagBytes = 16;

/** AES-256-GCM; undefined when it was not encrypted under this key. */
export function decrypt(
  { nonce, associated_data, ciphertext }: Encrypted,
  apiV3Key: string,
): string | undefined {
  // Shorter, and the SDK would take what there is for a shorter tag.
  if (Buffer.from(ciphertext, 'base64').length <= tagBytes) return undefined;
  try {
    return Aes.AesGcm.decrypt(ciphertext, apiV3Key, nonce, associated_data);
  } catch {
    return undefined;
  }
}
