import { createPrivateKey, createPublicKey, generateKeyPair, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Signs with SHA256withRSA off the event loop, because a signature takes 1 ms. */
export function signRsa2(text: string, key: KeyObject): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('RSA-SHA256', Buffer.from(text), key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature.toString('base64'));
    });
  });
}

export function isSignedRsa2(text: string, key: KeyObject, signature: string): boolean {
  return verify('RSA-SHA256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}

/** Sorted `k=v` pairs joined by `&`, without `sign` and empty values; notifications also omit `sign_type`. */
export function signedText(
  fields: Iterable<[string, string]>,
  { withSignType }: { withSignType: boolean },
): string {
  return [...fields]
    .filter(
      ([name, value]) => value !== '' && name !== 'sign' && (withSignType || name !== 'sign_type'),
    )
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Loads the platform's key pair, generated once and stored in `dataDir` if set. */
export async function loadPlatformKey(dataDir: string | undefined): Promise<KeyObject> {
  const path = dataDir && join(dataDir, 'platform-key.pem');
  const stored = path && (await readFile(path, 'utf8').catch(ignoreMissing));
  if (stored) return createPrivateKey(stored);
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  if (path) {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(`${path}.new`, pem, { mode: 0o600 });
    // Renamed into place, so that a crash leaves no partial key.
    await rename(`${path}.new`, path);
  }
  return privateKey;
}

export function publicPem(key: KeyObject): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
