import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { rssMb } from '../../bench/shared/cpu.ts';

/** A line of what `watch-loop.mjs` writes. */
export type LoopSecond = { atMs: number; longestStallMs: number; heapMb: number };

/** One of the platform's processes, seen from outside. */
export type Watched = {
  name: string;
  pid: number;
  logFile: string;
  /** With which code it ended, though nobody had asked it to. */
  ended: { code: number }[];
  memoryAndSockets(): { rssMb: number; heapMb: number; sockets: number };
  /** Has it give back what it no longer uses. */
  collectGarbage(): void;
  /** How long its main thread's event loop was held at most since then, in CPU time, and when. */
  longestStall(input: { sinceMs: number }): LoopSecond;
  /** Errors that nobody caught and that it lived through. */
  uncaughtSurvived(): number;
};

/** Linux alone tells what is asked of `/proc`; elsewhere memory and sockets are not compared. */
export function watchProcess(
  input: Pick<Watched, 'name' | 'pid' | 'logFile' | 'ended'> & { loopFile: string },
): Watched {
  const { loopFile, ...watched } = input;
  const isLinux = process.platform === 'linux';
  const seconds = () => linesOf(loopFile).map((line) => JSON.parse(line) as LoopSecond);
  return {
    ...watched,
    memoryAndSockets: () =>
      isLinux && watched.ended.length === 0
        ? {
            rssMb: rssMb(watched.pid),
            heapMb: seconds().at(-1)?.heapMb ?? 0,
            sockets: socketsOf(watched.pid),
          }
        : { rssMb: 0, heapMb: 0, sockets: 0 },
    collectGarbage: () => void (watched.ended.length === 0 && process.kill(watched.pid, 'SIGUSR2')),
    longestStall: ({ sinceMs }) =>
      seconds()
        // A second's line is written at its end.
        .filter(({ atMs }) => atMs > sinceMs + 1_000)
        .reduce((most, one) => (one.longestStallMs > most.longestStallMs ? one : most), {
          atMs: sinceMs,
          longestStallMs: 0,
          heapMb: 0,
        }),
    uncaughtSurvived: () =>
      linesOf(watched.logFile).filter((line) => line.includes('"process.uncaught"')).length,
  };
}

function linesOf(file: string): string[] {
  try {
    // The last one may be being written.
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}

function socketsOf(pid: number): number {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      // Closed between the listing and the look.
      return false;
    }
  }).length;
}
