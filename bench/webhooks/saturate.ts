import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf, cpuPerOperation, round } from '../shared/cpu.ts';
import type { Stack } from './stack.ts';

export type Saturation = {
  perSecond: number;
  cpuMsPerEvent: Record<string, number> | null;
  /** All processes except the load generator and the receiver. */
  platformCpuMsPerEvent: number | null;
  lost: number;
  duplicates: number;
};

// The limit of published events that have not arrived, because throughput counts arrivals.
const maxBacklog = 4_000;

/** Publishes as fast as events arrive for `durationMs`, and waits for the last arrival. */
export async function saturateWebhooks(
  stack: Stack,
  input: { batch: number; publishers: number; durationMs: number },
): Promise<Saturation> {
  await stack.reset();
  const firstEver = stack.published();
  const startedMs = performance.now();
  const before = cpuMsOf(stack.pids());
  let taken = 0;
  let isOver = false;
  const watch = (async () => {
    while (!isOver) {
      taken = await stack.taken();
      await sleep(20);
    }
  })();
  const endsMs = startedMs + input.durationMs;
  const publisher = async () => {
    while (performance.now() < endsMs) {
      if (stack.published() - firstEver - taken > maxBacklog) await sleep(2);
      else await stack.publish({ count: input.batch });
    }
  };
  await Promise.all(Array.from({ length: input.publishers }, publisher)).finally(() => {
    isOver = true;
  });
  await watch;
  const published = stack.published() - firstEver;
  const patienceMs = performance.now() + 60_000;
  while ((await stack.taken()) < published && performance.now() < patienceMs) await sleep(10);
  const seconds = (performance.now() - startedMs) / 1_000;
  const after = cpuMsOf(stack.pids());
  const stats = await stack.stats();
  const cpu = cpuPerOperation(before, after, stats.taken);
  const { load = 0, receiver = 0, ...platform } = cpu ?? {};
  const sum = Object.values(platform).reduce((all, one) => all + one, 0);
  return {
    perSecond: round(stats.taken / seconds),
    cpuMsPerEvent: cpu && { load, receiver, ...platform },
    platformCpuMsPerEvent: cpu && round(sum, 3),
    lost: published - stats.taken,
    duplicates: stats.duplicates,
  };
}
