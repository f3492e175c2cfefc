import { hash, randomBytes } from 'node:crypto';

const keyPattern = /^tk_([A-Za-z0-9_-]{32})([0-9a-f]{6})$/;

const sha256 = (text: string) => hash('sha256', text);

/** Creates an API key: `tk_`, 192 random bits, and a checksum that exposes typos and random scans without a query. */
export function newApiKey(): { key: string; keyHash: string; hint: string } {
  const secret = randomBytes(24).toString('base64url');
  const key = `tk_${secret}${sha256(secret).slice(0, 6)}`;
  return { key, keyHash: sha256(key), hint: key.slice(0, 7) };
}

/** The stored hash of a key; undefined if the text is no key, by its checksum. */
export function hashApiKey(key: string): string | undefined {
  const match = keyPattern.exec(key);
  return match && sha256(match[1]!).startsWith(match[2]!) ? sha256(key) : undefined;
}
