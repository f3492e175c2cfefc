import { parseSecretKeys, secretKeysHelp } from '../config/secret-keys.ts';
import type { Database } from '../db/database.ts';
import { checkSecretKeys } from '../db/queries/check-secret-keys.ts';
import { createSealer } from '../db/sealed.ts';
import type { Sealer } from '../db/sealed.ts';

/**
 * Opens the sealer for this database's secrets. Throws an error that names TENDER_SECRET_KEYS if the keys do not match.
 */
export async function openSealer(
  db: Database,
  { secretKeys, ...options }: { secretKeys: string; hasNeighboursChecked?: boolean },
): Promise<Sealer> {
  const keys = parseSecretKeys(secretKeys);
  if (!keys) throw new Error(`TENDER_SECRET_KEYS: ${secretKeysHelp}`);
  const sealer = createSealer(keys);
  const verdict = await checkSecretKeys({ db, sealer }, options);
  if (verdict.kind === 'wrong') throw new Error(`TENDER_SECRET_KEYS: ${verdict.detail}`);
  return sealer;
}
