import { readFileSync } from 'node:fs';

/**
 * The CPU time of the main thread alone, so that neither a busy host nor another thread counts. Linux tells
 * it in nanoseconds; elsewhere it is the whole process's.
 */
function threadCpuMs(): number {
  try {
    const [ranNs = ''] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(
      ' ',
    );
    return Number(ranNs) / 1e6;
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000;
  }
}

/** What a piece of work costs this thread. */
export function cpuMsOf(work: () => void): number {
  const before = threadCpuMs();
  work();
  return threadCpuMs() - before;
}

/** Measures how long the event loop is held, in CPU time, between two ticks of a timer of 5 ms. */
export function measureStalls(): { longestCpuMs(): number; stop(): void } {
  let longest = 0;
  let before = threadCpuMs();
  const look = () => {
    const now = threadCpuMs();
    longest = Math.max(longest, now - before);
    before = now;
  };
  const timer = setInterval(look, 5);
  return {
    longestCpuMs() {
      look();
      return longest;
    },
    stop: () => clearInterval(timer),
  };
}
