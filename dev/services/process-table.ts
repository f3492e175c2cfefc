import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export type ProcessFacts = {
  parentPid: number;
  /** Distinguishes processes that had the same id at different times. Opaque; compare for equality. */
  startedAt: string;
  commandLine: string;
};

/** The operating system's entry of a process; undefined when it has ended (a zombie has). */
export function inspectProcess(pid: number): ProcessFacts | undefined {
  if (process.platform === 'linux') return inspectThroughProc(pid);
  if (process.platform === 'win32') return inspectBySignal(pid);
  return inspectThroughPs(pid);
}

function inspectThroughProc(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold anything: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parentPid] = fields;
    if (state === 'Z' || state === 'X') return undefined;
    // Field 22 of proc(5): ticks since boot, so a boot's own id belongs to it.
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return {
      parentPid: Number(parentPid),
      startedAt: `${bootId}/${fields[19]}`,
      commandLine: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim(),
    };
  } catch {
    return undefined;
  }
}

function inspectThroughPs(pid: number): ProcessFacts | undefined {
  try {
    const line = execFileSync(
      'ps',
      ['-ww', '-o', 'stat=,ppid=,lstart=,command=', '-p', String(pid)],
      {
        encoding: 'utf8',
        env: { ...process.env, LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    ).trim();
    // lstart is five words: "Mon Sep  1 12:00:00 2025".
    const match = /^(\S+)\s+(\d+)\s+((?:\S+\s+){4}\S+)\s+(.*)$/s.exec(line);
    if (!match || match[1]?.startsWith('Z')) return undefined;
    return {
      parentPid: Number(match[2]),
      startedAt: match[3] ?? '',
      commandLine: match[4] ?? '',
    };
  } catch {
    return undefined;
  }
}

/** Windows has no cheap way to inspect a process, so this reports only whether the id is in use. */
function inspectBySignal(pid: number): ProcessFacts | undefined {
  try {
    process.kill(pid, 0);
    return { parentPid: 0, startedAt: 'unknown', commandLine: '' };
  } catch {
    return undefined;
  }
}

/** True if this process still runs, and not another one with the same id. */
export function isStillRunning({ pid, startedAt }: { pid: number; startedAt: string }): boolean {
  return inspectProcess(pid)?.startedAt === startedAt;
}
