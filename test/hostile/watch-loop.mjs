// Preloaded into the platform's processes (`node --import`): appends a line of JSON each second to WATCH_LOOP_FILE that
// says how long the main thread's event loop was held at most, in that thread's own CPU time,
// and what its heap holds. With SIGUSR2 it collects
// its garbage (`--expose-gc`): V8, told not to care, gives memory back when it next has to, which may be never.
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const file = process.env.WATCH_LOOP_FILE;
// Preloaded into the process's other threads too, which know no TypeScript.
if (isMainThread && file !== undefined) {
  const { measureStalls } = await import('../support/loop-stall.ts');
  let stalls = measureStalls();
  setInterval(() => {
    const { heapUsed, external } = process.memoryUsage();
    const heapMb = Math.round((heapUsed + external) / 1_048_576);
    const second = { atMs: Date.now(), longestStallMs: stalls.longestCpuMs(), heapMb };
    stalls.stop();
    appendFileSync(file, `${JSON.stringify(second)}\n`);
    stalls = measureStalls();
  }, 1_000);
  process.on('SIGUSR2', () => globalThis.gc?.());
}
