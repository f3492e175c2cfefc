import { hash, randomBytes } from 'node:crypto';

const keyPattern = /^tk_([A-Za-z0-9_-]{32})([0-9a-f]{6})$/;

const sha256 = (text: string) => hash('sha256', text);

/** A fresh API key: `tk_`, 192 random bits, and a checksum that lets scanners and typos be told at once. */
export function newApiKey(): { key: string; keyHash: string; hint: string } {
  const secret = randomBytes(24).toString('base64url');
  const key = `tk_${secret}${sha256(secret).slice(0, 6)}`;
  return { key, keyHash: sha256(key), hint: key.slice(0, 7) };
}

/** The hash under which a key is stored; undefined for what cannot be a key, without asking the database. */
export function hashApiKey(key: string): string | undefined {
  const match = keyPattern.exec(key);
  return match && sha256(match[1]!).startsWith(match[2]!) ? sha256(key) : undefined;
}
