import { execFile } from 'node:child_process';
import { chown, lchown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NOBODY_ID = 65_534;

/** How to run PostgreSQL, which refuses to run as root. */
export type PostgresAccount = {
  /** Goes before the command. */
  prefix: readonly string[];
  /** The required owner of the data; undefined if any will do. */
  ownerId: number | undefined;
};

/** In its own user namespace root appears as nobody, and its files keep their place and owner. */
const namespaced: PostgresAccount = { prefix: ['unshare', '--user', '--'], ownerId: 0 };

/**
 * Without user namespaces: nobody, with one capability, to enter folders of mode 700 (a `mktemp -d` clone, /root) that
 * may contain the data and the binaries.
 */
const deprivileged: PostgresAccount = {
  prefix: [
    'setpriv',
    `--reuid=${NOBODY_ID}`,
    `--regid=${NOBODY_ID}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--',
  ],
  ownerId: NOBODY_ID,
};

/** Chooses the first account that can run the binary and write the folder. */
export async function choosePostgresAccount({
  binaryPath,
  parentDir,
}: {
  binaryPath: string;
  parentDir: string;
}): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return { prefix: [], ownerId: undefined };
  for (const account of [namespaced, deprivileged]) {
    if (await isUsable({ account, binaryPath, parentDir })) return account;
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and neither `unshare --user` nor `setpriv` works here. ' +
      'Run as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own.',
  );
}

async function isUsable({
  account: { prefix },
  binaryPath,
  parentDir,
}: {
  account: PostgresAccount;
  binaryPath: string;
  parentDir: string;
}): Promise<boolean> {
  const [command = '', ...args] = prefix;
  const probe = 'test -x "$0" && test -w "$1" && test -x "$1"';
  try {
    await run(command, [...args, '/bin/sh', '-c', probe, binaryPath, parentDir], {
      timeout: 5_000,
    });
    return true;
  } catch {
    return false;
  }
}

/** Changes the owner of the data if an earlier run had another account (another kernel, another container). */
export async function changeOwner(dir: string, ownerId: number | undefined): Promise<void> {
  if (ownerId === undefined || (await stat(dir)).uid === ownerId) return;
  const entries = await readdir(dir, { recursive: true });
  for (const entry of entries) await lchown(join(dir, entry), ownerId, ownerId);
  // The folder comes last: its owner marks the contents as done for the next start.
  await chown(dir, ownerId, ownerId);
}
