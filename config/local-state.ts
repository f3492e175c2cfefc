import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));

/** The folder of all data and settings of `npm start`; TENDER_STATE_DIR overrides it. */
export const stateFolder = process.env['TENDER_STATE_DIR'] ?? join(projectFolder, '.tender');

export const statePath = (...names: string[]) => join(stateFolder, ...names);

/** Reads a small JSON file in the state folder; undefined if it does not exist yet. */
export function readState<T>(name: string): T | undefined {
  const path = statePath(name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined;
}

/** Writes the file atomically, readable by this user only: it may hold keys. */
export function writeState(name: string, value: unknown): void {
  const path = statePath(name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.draft`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.draft`, path);
}

/** The key that encrypts secrets in the local database; created at the first start. */
export function localSecretKeys(): string {
  const known = readState<{ keys: string }>('secret-keys.json');
  if (known) return known.keys;
  const keys = randomBytes(32).toString('base64');
  writeState('secret-keys.json', { keys });
  return keys;
}
