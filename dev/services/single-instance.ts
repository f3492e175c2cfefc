import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectProcess, isStillRunning } from './process-table.ts';

/** Far longer than the time between another process's read of the file and its write. */
const SETTLE_MS = 50;

type Run = { pid: number; startedAt: string; url?: string };

export type InstanceClaim = {
  /** Records the address, for the message of a second start. */
  announce(url: string): void;
  release(): void;
};

export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
  readonly pid: number;
  readonly url: string | undefined;

  constructor({ pid, url, file }: { pid: number; url: string | undefined; file: string }) {
    const where = url ? `at ${url}` : 'and is still starting';
    super(`Tender already runs ${where} (process ${pid}, see ${file}). Stop it first: kill ${pid}`);
    this.pid = pid;
    this.url = url;
  }
}

/**
 * Claims a state folder for this process. The claim of an ended process is ignored.
 *
 * Not proper-lockfile: it detects a dead owner only by a lock that was not touched for at least two seconds, so a
 * start after a kill -9 would be refused for that long, and a launcher that was paused would lose its lock.
 */
export async function claimInstance({ dir }: { dir: string }): Promise<InstanceClaim> {
  const file = join(dir, 'run.json');
  mkdirSync(dir, { recursive: true });
  const own: Run = {
    pid: process.pid,
    startedAt: inspectProcess(process.pid)?.startedAt ?? 'unknown',
  };
  refuseIfTaken(file, own);
  write(file, own);
  // Two starts in the same moment may both find no claim. The later write stays, so the start that finds
  // another's claim after the wait has lost.
  await sleep(SETTLE_MS);
  refuseIfTaken(file, own);
  return {
    announce: (url) => write(file, { ...own, url }),
    release: () => {
      if (read(file)?.pid === own.pid) rmSync(file, { force: true });
    },
  };
}

function refuseIfTaken(file: string, own: Run): void {
  const run = read(file);
  if (!run || run.pid === own.pid || !isStillRunning(run)) return;
  throw new AlreadyRunningError({ pid: run.pid, url: run.url, file });
}

function read(file: string): Run | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Missing or unreadable.
    return undefined;
  }
}

/** Renamed into place: a reader never sees half of it. */
function write(file: string, run: Run): void {
  const unfinishedFile = `${file}.${process.pid}`;
  writeFileSync(unfinishedFile, JSON.stringify(run));
  renameSync(unfinishedFile, file);
}
