import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspectProcess, isStillRunning } from './process-table.ts';

/** Far longer than the few system calls between another's look at the file and its write. */
const SETTLE_MS = 50;

type Run = { pid: number; startedAt: string; url?: string };

export type InstanceClaim = {
  /** Makes the address known to a second start. */
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

/** Claims a state folder for this process. What a kill -9 left behind does not count. */
export async function claimInstance({ dir }: { dir: string }): Promise<InstanceClaim> {
  const file = join(dir, 'run.json');
  mkdirSync(dir, { recursive: true });
  const mine: Run = {
    pid: process.pid,
    startedAt: inspectProcess(process.pid)?.startedAt ?? 'unknown',
  };
  refuseIfTaken(file, mine);
  write(file, mine);
  // Two starts in the same moment may both find the place free. The later write stays, so whoever finds
  // another's name there after a moment has lost.
  await sleep(SETTLE_MS);
  refuseIfTaken(file, mine);
  return {
    announce: (url) => write(file, { ...mine, url }),
    release: () => {
      if (read(file)?.pid === mine.pid) rmSync(file, { force: true });
    },
  };
}

function refuseIfTaken(file: string, mine: Run): void {
  const run = read(file);
  if (!run || run.pid === mine.pid || !isStillRunning(run)) return;
  throw new AlreadyRunningError({ pid: run.pid, url: run.url, file });
}

function read(file: string): Run | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Missing, or not ours to understand.
    return undefined;
  }
}

/** Renamed into place: a reader never sees half of it. */
function write(file: string, run: Run): void {
  const unfinishedFile = `${file}.${process.pid}`;
  writeFileSync(unfinishedFile, JSON.stringify(run));
  renameSync(unfinishedFile, file);
}
