import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf, cpuPerOperation, round } from '../shared/cpu.ts';
import { pace } from '../shared/load.ts';
import type { Behaviour } from './receiver.ts';
import type { Stack } from './stack.ts';

const patienceMs = 10_000;

/** A steady rate, one event a request, with the first `hanging` endpoints never answering: what the others get. */
export async function measureSteady(
  stack: Stack,
  input: { perSecond: number; hanging: number; durationMs: number },
) {
  const { perSecond, hanging, durationMs } = input;
  const hang: Behaviour = { kind: 'hang' };
  const names = Array.from({ length: hanging }, (_, endpoint) => [String(endpoint), hang] as const);
  await stack.reset(Object.fromEntries(names));
  const firstEver = stack.published();
  const before = cpuMsOf(stack.pids());
  const load = await pace({
    perSecond,
    durationMs,
    operation: () => stack.publish({ count: 1 }),
  });
  const published = stack.published() - firstEver;
  const awaited = Math.floor((published * (stack.endpoints - hanging)) / stack.endpoints);
  const endsMs = performance.now() + patienceMs;
  while ((await stack.taken()) < awaited && performance.now() < endsMs) await sleep(50);
  const after = cpuMsOf(stack.pids());
  const { taken, duplicates, latencyMs } = await stack.stats();
  return {
    perSecond: round(load.perSecond),
    hanging,
    published,
    taken,
    lost: Math.max(0, awaited - taken),
    duplicates,
    latencyMs: {
      p50: round(latencyMs.p50),
      p95: round(latencyMs.p95),
      p99: round(latencyMs.p99),
    },
    cpuMsPerEvent: cpuPerOperation(before, after, taken),
  };
}
