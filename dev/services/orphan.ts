import { setTimeout as sleep } from 'node:timers/promises';
import { inspectProcess, isStillRunning } from './process-table.ts';

/** Longer than a supervisor's grace time, so that a supervisor that is ending its command can finish. */
const WAIT_FOR_SUPERVISOR_MS = 15_000;
const GRACE_MS = 10_000;

/**
 * Ends a service whose launcher and supervisor were both killed. A service that still has its supervisor is left alone:
 * it is ending, or belongs to a running launcher.
 */
export async function endOrphan({
  pid,
  startedAt,
  stopSignal,
  what,
}: {
  pid: number;
  startedAt: string;
  stopSignal: 'SIGINT' | 'SIGTERM';
  what: string;
}): Promise<void> {
  const hasEnded = () => !isStillRunning({ pid, startedAt });
  if (await waitFor(() => hasEnded() || !isSupervised(pid), WAIT_FOR_SUPERVISOR_MS)) {
    if (hasEnded()) return;
  } else {
    throw new Error(
      `${what} is in use by process ${pid}, which another launcher started. Stop that one first.`,
    );
  }
  process.kill(pid, stopSignal);
  if (await waitFor(hasEnded, GRACE_MS)) return;
  process.kill(pid, 'SIGKILL');
  if (await waitFor(hasEnded, GRACE_MS)) return;
  throw new Error(`${what} is held by process ${pid}, which does not end even when killed.`);
}

function isSupervised(pid: number): boolean {
  const parentPid = inspectProcess(pid)?.parentPid ?? 0;
  return inspectProcess(parentPid)?.commandLine.includes('supervisor.mjs') ?? false;
}

async function waitFor(isDone: () => boolean, limitMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + limitMs;
  while (!isDone()) {
    if (Date.now() >= deadlineMs) return false;
    await sleep(25);
  }
  return true;
}
