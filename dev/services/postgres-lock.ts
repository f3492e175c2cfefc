import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endOrphan } from './orphan.ts';
import { inspectProcess } from './process-table.ts';

/** No system hands out ids this high. */
const IMPOSSIBLE_PID = 2_147_483_647;

/** Prepares a start: ends an orphaned server of this folder, and frees a stale lock whose process id was reused. */
export async function clearPostgresLock(dataDir: string): Promise<void> {
  const lockPath = join(dataDir, 'postmaster.pid');
  if (!existsSync(lockPath)) return;
  const lines = (await readFile(lockPath, 'utf8')).split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return;

  const facts = inspectProcess(pid);
  if (facts && isServerOf(facts.commandLine, dataDir)) {
    const { startedAt } = facts;
    await endOrphan({ pid, startedAt, stopSignal: 'SIGINT', what: `The database in ${dataDir}` });
  }
  // After a kill -9 the lock stays, and in a container its id soon belongs to another process (or a zombie):
  // PostgreSQL would then refuse to start. Only the id is replaced, because PostgreSQL reads from the same file
  // which shared memory to check for backends that outlived their server.
  if (!existsSync(lockPath)) return;
  await writeFile(lockPath, [String(IMPOSSIBLE_PID), ...lines.slice(1)].join('\n'));
}

function isServerOf(commandLine: string, dataDir: string): boolean {
  return commandLine.includes('postgres') && commandLine.includes(`-D ${dataDir} `);
}
