import { readdirSync, readFileSync } from 'node:fs';

const msPerTick = 10;

type ProcessStat = { parent: number; cpuMs: number; endedChildrenMs: number };

/**
 * CPU time in ms of each named process with its descendants; of this process, the parent of all, without them. Linux
 * only, undefined elsewhere.
 */
export function cpuMsOf(
  pids: Readonly<Record<string, number>>,
): Record<string, number> | undefined {
  const stats = readStats();
  if (!stats) return undefined;
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of stats)
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  const treeMs = (pid: number): number => {
    const own = stats.get(pid);
    if (!own) return 0;
    if (pid === process.pid) return own.cpuMs;
    const living = children.get(pid) ?? [];
    return living.reduce((sum, child) => sum + treeMs(child), own.cpuMs + own.endedChildrenMs);
  };
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, treeMs(pid)]));
}

/** CPU time in ms between two readings, per operation and process. */
export function cpuPerOperation(
  before: Record<string, number> | undefined,
  after: Record<string, number> | undefined,
  operations: number,
): Record<string, number> | null {
  if (!before || !after || operations === 0) return null;
  const spent = Object.entries(after).map(([name, ms]) => [
    name,
    round((ms - (before[name] ?? 0)) / operations, 3),
  ]);
  return Object.fromEntries(spent);
}

export function round(value: number, places = 2): number {
  return Number(value.toFixed(places));
}

/** Steal time since boot in ms: CPU time that the host gave to other machines. Linux only, 0 elsewhere. */
export function stolenMs(): number {
  if (process.platform !== 'linux') return 0;
  const [total = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  return Number(total.split(/\s+/)[8]) * msPerTick;
}

/** Resident memory of a process in MB. Linux only. */
export function rssMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(line) / 1_024);
}

function readStats(): Map<number, ProcessStat> | undefined {
  if (process.platform !== 'linux') return undefined;
  const stats = new Map<number, ProcessStat>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The command may contain brackets, so fields are counted from the last one.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const ms = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) * msPerTick;
      const parent = Number(fields[1]);
      stats.set(Number(name), { parent, cpuMs: ms(11), endedChildrenMs: ms(13) });
    } catch {
      // The process ended between the listing and the read.
    }
  }
  return stats;
}
