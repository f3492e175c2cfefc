import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf, cpuPerOperation, round } from '../shared/cpu.ts';
import { percentile } from '../shared/figures.ts';
import { publishSteadily } from './publish-steadily.ts';
import type { Load } from './publish-steadily.ts';
import type { Behaviour } from './receiver.ts';
import type { Stack } from './stack.ts';
import { compareTurns, inTurns, sparedLatencies } from './failing.ts';

const waitForArrivalsMs = 10_000;
const hang: Behaviour = { kind: 'hang' };

type Steady = Awaited<ReturnType<typeof runSteady>>;

/**
 * Measures the other endpoints at a steady rate, one event per request, after the first `hanging` endpoints stop
 * answering, alternately with runs in which all are healthy.
 */
export async function measureSteady(
  stack: Stack,
  input: Load & { hanging: number; rounds: number; onProgress: (line: string) => void },
) {
  const { hanging, rounds, onProgress, ...load } = input;
  const failing = Array.from({ length: hanging }, (_, endpoint) => endpoint);
  if (hanging === 0) return runSteady(stack, { ...load, failing, isWell: true });
  const runs = await inTurns<Steady>(stack, {
    rounds,
    failing,
    run: async (turn, number) => {
      const one = await runSteady(stack, { ...load, failing, isWell: turn === 'well' });
      onProgress(`${turn}, round ${number}: ${JSON.stringify(one.latencyMs)}`);
      return one;
    },
  });
  return {
    hanging,
    allWell: runs.well,
    withHanging: runs.failing,
    p50Ratio: compareTurns(runs, ({ latencyMs }) => latencyMs.p50),
    p99Ratio: compareTurns(runs, ({ latencyMs }) => latencyMs.p99),
  };
}

async function runSteady(
  stack: Stack,
  { failing, isWell, ...load }: Load & { failing: readonly number[]; isWell: boolean },
) {
  await stack.reset(
    isWell ? {} : Object.fromEntries(failing.map((endpoint) => [String(endpoint), hang])),
  );
  const firstEver = stack.published();
  const before = cpuMsOf(stack.pids());
  const { perSecond } = await publishSteadily(stack, load);
  const published = stack.published() - firstEver;
  const answering = isWell ? stack.endpoints : stack.endpoints - failing.length;
  const awaited = Math.floor((published * answering) / stack.endpoints);
  const endsMs = performance.now() + waitForArrivalsMs;
  while ((await stack.taken()) < awaited && performance.now() < endsMs) await sleep(50);
  const after = cpuMsOf(stack.pids());
  const { taken, duplicates } = await stack.stats();
  const latenciesMs = (await sparedLatencies(stack, failing)).flat();
  return {
    perSecond: round(perSecond),
    published,
    taken,
    lost: Math.max(0, awaited - taken),
    duplicates,
    latencyMs: {
      p50: round(percentile(latenciesMs, 0.5)),
      p95: round(percentile(latenciesMs, 0.95)),
      p99: round(percentile(latenciesMs, 0.99)),
    },
    cpuMsPerEvent: cpuPerOperation(before, after, taken),
  };
}
