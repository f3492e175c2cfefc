import { createPrivateKey, createPublicKey, generateKeyPair, randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Signer } from './signing.ts';
import { makeCertificate } from './x509.ts';

const dayMs = 86_400_000;

type Key = {
  serial: string;
  privateKey: string;
  /** Only for certificates; public keys come from the portal. */
  certificate?: { pem: string; effectiveMs: number; expireMs: number };
};

type Stored = { keys: Key[]; signsWith: string };

export type Certificate = { serial: string; pem: string; effectiveMs: number; expireMs: number };

/** New merchants have no platform certificate and verify with a public key from the portal. */
export type Verification = 'certificates' | 'publicKey';

/** The platform's signing keys; a certificate and a public key exist side by side. */
export type PlatformKeys = {
  /**
   * The signer for a merchant: the requested key, else the newest public key for a merchant that verifies with public
   * keys, else the current key.
   */
  signerFor(requested: { serial?: string | undefined; verifiesBy: Verification }): Signer;
  certificates(): Certificate[];
  publicKeys(): Record<string, string>;
  rotate(to: 'certificate' | 'publicKey' | 'newCertificate'): Promise<string>;
};

/** Loads the platform's keys, generated once and stored in `dataDir` if set. */
export async function loadPlatformKeys(dataDir: string | undefined): Promise<PlatformKeys> {
  const path = dataDir && join(dataDir, 'platform-keys.json');
  const text = path && (await readFile(path, 'utf8').catch(ignoreMissing));
  const stored = text ? ownKeys(text) : await makeKeys();
  const parsed = new Map<string, Signer>();

  async function store(): Promise<void> {
    if (!path) return;
    await writeFile(`${path}.new`, JSON.stringify(stored), { mode: 0o600 });
    // Renamed into place, so that a crash leaves no partial key.
    await rename(`${path}.new`, path);
  }

  function signerOf(serial: string): Signer {
    const known = parsed.get(serial);
    if (known) return known;
    const key = stored.keys.find((key) => key.serial === serial);
    if (!key) throw new Error(`no key ${serial}`);
    const signer = { serial, privateKey: createPrivateKey(key.privateKey) };
    parsed.set(serial, signer);
    return signer;
  }

  if (!text) await store();
  return {
    signerFor({ serial, verifiesBy }) {
      const isPublic = (key: Key) => !key.certificate;
      const requested = stored.keys.find((key) => isPublic(key) && key.serial === serial);
      const own = verifiesBy === 'publicKey' ? stored.keys.findLast(isPublic) : undefined;
      return signerOf((requested ?? own)?.serial ?? stored.signsWith);
    },
    certificates: () =>
      stored.keys.flatMap(({ serial, certificate }) =>
        certificate ? [{ serial, ...certificate }] : [],
      ),
    publicKeys: () =>
      Object.fromEntries(
        stored.keys
          .filter(({ certificate }) => !certificate)
          .map(({ serial }) => [serial, publicPemOf(signerOf(serial))]),
      ),
    async rotate(to) {
      if (to === 'newCertificate') stored.keys.push(await makeCertified());
      const isWanted = (key: Key) => (to === 'publicKey') === !key.certificate;
      const key = stored.keys.findLast(isWanted);
      if (!key) throw new Error(`no key to rotate to: ${to}`);
      stored.signsWith = key.serial;
      await store();
      return key.serial;
    },
  };
}

async function makeKeys(): Promise<Stored> {
  const [certified, publicKey] = await Promise.all([makeCertified(), makePrivateKey()]);
  const serial = `PUB_KEY_ID_${Date.now()}${randomBytes(8).readUIntBE(0, 6)}`;
  return { keys: [certified, { serial, privateKey: publicKey }], signsWith: certified.serial };
}

async function makeCertified(): Promise<Key> {
  const privateKey = await makePrivateKey();
  // The first bits of a serial number must not be a sign or zero.
  const serial = `5${randomBytes(20).toString('hex').slice(1)}`.toUpperCase();
  const effectiveMs = Date.now() - dayMs;
  const expireMs = effectiveMs + 5 * 365 * dayMs;
  const pem = makeCertificate({
    serialNo: serial,
    privateKey: createPrivateKey(privateKey),
    notBeforeMs: effectiveMs,
    notAfterMs: expireMs,
  });
  return { serial, privateKey, certificate: { pem, effectiveMs, expireMs } };
}

async function makePrivateKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function publicPemOf({ privateKey }: Signer): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

/** Guarantee: only `store` writes this file. */
function ownKeys(text: string): Stored {
  return JSON.parse(text) as Stored;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
