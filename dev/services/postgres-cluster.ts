import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { changeOwner, type PostgresAccount } from './postgres-account.ts';
import { startSupervised } from './supervised.ts';
import { inspectProcess } from './process-table.ts';

export const POSTGRES_USER = 'tender';

type ClusterInput = {
  dataDir: string;
  initdbPath: string;
  account: PostgresAccount;
  logFile: string;
};

/** Creates the data folder on the first start; returns its password. */
export async function ensureCluster(input: ClusterInput): Promise<{ password: string }> {
  const { dataDir, account } = input;
  await mkdir(dirname(dataDir), { recursive: true });
  await removeUnfinished(dataDir);
  const isNew = !existsSync(join(dataDir, 'PG_VERSION'));
  const passwordFile = `${dataDir}.password`;
  if (isNew) await writePassword(passwordFile);
  const password = await readPassword(passwordFile, dataDir);
  if (isNew) await createCluster({ ...input, passwordFile });
  await changeOwner(dataDir, account.ownerId);
  return { password };
}

/** Creates the folder under another name and renames it, so that a kill -9 leaves no incomplete data folder. */
async function createCluster({
  dataDir,
  initdbPath,
  account,
  logFile,
  passwordFile,
}: ClusterInput & { passwordFile: string }): Promise<void> {
  const unfinishedDir = `${dataDir}.init-${process.pid}`;
  await mkdir(unfinishedDir, { mode: 0o700 });
  await changeOwner(unfinishedDir, account.ownerId);
  const [command, ...args] = [
    ...account.prefix,
    initdbPath,
    `--pgdata=${unfinishedDir}`,
    `--username=${POSTGRES_USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ];
  const initdb = await startSupervised({ command, args, logFile, stopSignal: 'SIGTERM' });
  const { code, logTail } = await initdb.exited;
  if (code !== 0) {
    await rm(unfinishedDir, { recursive: true, force: true });
    throw new Error(`initdb ended with ${code}: ${logTail}`);
  }
  await rename(unfinishedDir, dataDir);
}

async function removeUnfinished(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.init-`;
  for (const name of await readdir(dirname(dataDir))) {
    if (!name.startsWith(prefix) || inspectProcess(Number(name.slice(prefix.length)))) continue;
    await rm(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}

/** Writes the password before the data is created; an existing one is kept. */
async function writePassword(path: string): Promise<void> {
  try {
    await writeFile(path, randomBytes(24).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function readPassword(path: string, dataDir: string): Promise<string> {
  const password = existsSync(path) ? (await readFile(path, 'utf8')).trim() : '';
  if (password) return password;
  throw new Error(
    `The password of ${dataDir} is missing (${path}). Restore it, or move the data folder away to start with an empty database.`,
  );
}
