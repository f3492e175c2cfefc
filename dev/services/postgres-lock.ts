import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endOrphan } from './orphan.ts';
import { inspectProcess } from './process-table.ts';

/** No system hands out ids this high. */
const IMPOSSIBLE_PID = 2_147_483_647;

/** Makes way for a start: ends an orphaned server of this folder, and frees a lock that fooled by its id. */
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
  // After a kill -9 the lock stays, and in a container its id is soon someone else's (or a zombie's):
  // PostgreSQL would then refuse to start. Only the id is made void, because the same file tells it
  // which shared memory to look at for backends that outlived their server.
  if (!existsSync(lockPath)) return;
  await writeFile(lockPath, [String(IMPOSSIBLE_PID), ...lines.slice(1)].join('\n'));
}

function isServerOf(commandLine: string, dataDir: string): boolean {
  return commandLine.includes('postgres') && commandLine.includes(`-D ${dataDir} `);
}
