import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** Created by `sealContext` in `db/sealed-columns.ts`. */
export type SealContext = string & { readonly __brand: 'SealContext' };

/** Encrypts values that must not be readable in the database. `context` (row and column) is the AAD. */
export type Sealer = {
  /** The id of the encrypting key, and of all others. */
  keyIds: readonly [sealing: string, ...others: string[]];
  seal(plain: string, context: SealContext): string;
  open(sealed: string, context: SealContext): string;
};

const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM: the first key encrypts; every key decrypts, so keys rotate with overlap. Keys are 32 bytes. A sealed
 * text is `<key id>.<base64url of iv, ciphertext, tag>`.
 * @example createSealer([key]).seal('secret', sealContext('endpoints.secret', 'ep_1')) // '1f2e3d4c.q83v…'
 */
export function createSealer(keys: readonly Buffer[]): Sealer {
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  const sealing = keys[0];
  if (!sealing) throw new Error('at least one sealing key is needed');
  const sealingId = keyId(sealing);
  return {
    keyIds: [sealingId, ...[...byId.keys()].filter((id) => id !== sealingId)],
    seal(plain, context) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', sealing, iv).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([
        iv,
        cipher.update(plain, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return `${sealingId}.${sealed.toString('base64url')}`;
    },
    open(sealed, context) {
      const id = keyIdOf(sealed);
      const text = sealed.slice(id.length + 1);
      const key = byId.get(id);
      if (!key) throw new Error(`sealed with key ${id}, which TENDER_SECRET_KEYS does not name`);
      const bytes = Buffer.from(text, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes))
        .setAAD(Buffer.from(context))
        .setAuthTag(bytes.subarray(-tagBytes));
      return (
        decipher.update(bytes.subarray(ivBytes, -tagBytes), undefined, 'utf8') +
        decipher.final('utf8')
      );
    },
  };
}

/** The id of the key that sealed a text. */
export function keyIdOf(sealed: string): string {
  return sealed.split('.', 1)[0] ?? '';
}

function keyId(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}
