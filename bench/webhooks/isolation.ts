import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf, cpuPerOperation, round, stolenMs } from '../shared/cpu.ts';
import { median, percentile } from '../shared/figures.ts';
import { publishSteadily } from './publish-steadily.ts';
import type { Load } from './publish-steadily.ts';
import type { Behaviour } from './receiver.ts';
import type { Stack } from './stack.ts';
import { compareNormalised, compareTurns, inTurns, recover, sparedLatencies } from './failing.ts';

const slowMs = 50;
const sliceMs = 2_000;
/** Each run starts after a period at the same rate without failing endpoints, not directly after a repair. */
const leadInMs = 10_000;
// Longer than idle connections of an earlier busy time stay open: closing a thousand connections takes 0.1 s.
const firstOutageMs = 60_000;
/** The beginning of an outage, until the first timeout of the hanging endpoint, is measured separately. */
const beginningLastsMs = 25_000;
const calmStolenMs = 0.03 * sliceMs * availableParallelism();
const failures: readonly Behaviour[] = [
  { kind: 'hang' },
  { kind: 'fail' },
  { kind: 'ok', delayMs: 10 * slowMs },
];
const failing = failures.map((_, n) => n);
const failingBehaviours = Object.fromEntries(failures.map((one, n) => [String(n), one]));

/**
 * Compares runs at one rate with all endpoints healthy and with three failing: one hangs, one answers 500, one is ten
 * times slower than `slowMs`. Reports the throughput and latency of the other endpoints, for whole runs, which start
 * when the three begin to fail; for the beginning alone; and for the established outage.
 *
 * The host load varies, and a pause of 0.1 s decides a run's p99. For the established outage, p99 is therefore the
 * median over the 2 s slices in which the host took less than 3 % of the CPU time for other machines. The host load
 * changes more slowly than the rounds, so the two runs of a round are compared and a ratio is the median over rounds.
 * `apiCpuMs`, the API's CPU time per event, does not depend on failing endpoints and so measures the host load of each
 * run; `normalised` is the ratio normalised for it.
 */
export async function measureIsolation(
  stack: Stack,
  { rounds, onProgress, ...load }: Load & { rounds: number; onProgress: (line: string) => void },
) {
  const runs = await inTurns<Run>(stack, {
    rounds,
    failing,
    run: async (turn, number) => {
      const one = await run(stack, {
        ...load,
        behaviours: turn === 'well' ? {} : failingBehaviours,
      });
      const [p50Ms, p99Ms, firstMs] = [wholeMs(one, 0.5), wholeMs(one, 0.99), beginningP99Ms(one)];
      const latency = `p50 ${round(p50Ms)} ms, p99 ${round(p99Ms)} ms, at first ${round(firstMs)} ms`;
      onProgress(
        `${round(load.perSecond)}/s, ${turn}, round ${number}: ${latency}, API ${one.apiCpuMs} ms`,
      );
      return one;
    },
  });
  const [allWell, threeFailing] = [figuresOf(runs.well), figuresOf(runs.failing)];
  return {
    perSecond: round(load.perSecond),
    allWell,
    threeFailing,
    throughputRatio: round(threeFailing.taken / allWell.taken, 3),
    p99Ratio: {
      whole: compareTurns(runs, wholeP99Ms),
      normalised: compareNormalised(runs, (one) => ({
        value: wholeP99Ms(one),
        hostLoad: one.apiCpuMs,
      })),
      beginning: compareTurns(runs, beginningP99Ms),
      established: compareTurns(runs, p99Of),
    },
  };
}

/** Latencies of the beginning and of the time after it, and the API's CPU time per event. */
type Run = { beginningMs: number[]; latenciesMs: number[]; slices: Slice[]; apiCpuMs: number };
/** Two seconds of a run. `stolenMs`: CPU time that the host gave to other machines. */
type Slice = { latenciesMs: number[]; stolenMs: number };

/** Warms up: runs a first outage and repair, so that their code is compiled. */
export async function firstOutage(
  stack: Stack,
  { perSecond }: { perSecond: number },
): Promise<void> {
  await stack.reset(failingBehaviours);
  await publishSteadily(stack, { perSecond, durationMs: firstOutageMs });
  await recover(stack, failing);
}

async function run(
  stack: Stack,
  { behaviours, ...load }: Load & { behaviours: Record<string, Behaviour> },
): Promise<Run> {
  await publishSteadily(stack, { ...load, durationMs: leadInMs });
  await stack.reset(behaviours);
  const before = cpuMsOf(stack.pids());
  const firstEver = stack.published();
  await publishSteadily(stack, { ...load, durationMs: beginningLastsMs });
  const beginning = await sparedLatencies(stack, failing);
  const stolen = [stolenMs()];
  const clock = setInterval(() => stolen.push(stolenMs()), sliceMs);
  await publishSteadily(stack, load);
  clearInterval(clock);
  stolen.push(stolenMs());
  const published = stack.published() - firstEver;
  const cpuMs = cpuPerOperation(before, cpuMsOf(stack.pids()), published);
  await sleep(1_000);
  const all = await sparedLatencies(stack, failing);
  const spared = all.map((one, n) => one.slice(beginning[n]?.length));
  const count = Math.max(1, Math.floor(load.durationMs / sliceMs));
  return {
    latenciesMs: spared.flat(),
    slices: slicesOf(spared, { count, stolen }),
    beginningMs: beginning.flat(),
    apiCpuMs: cpuMs?.['api'] ?? Number.NaN,
  };
}

/** Cuts the latencies into time slices: all endpoints get the same rate, and latencies are in the order of arrival. */
function slicesOf(
  perEndpoint: readonly number[][],
  { count, stolen }: { count: number; stolen: readonly number[] },
): Slice[] {
  return Array.from({ length: count }, (_, slice) => ({
    latenciesMs: perEndpoint.flatMap((all) =>
      all.slice((slice * all.length) / count, ((slice + 1) * all.length) / count),
    ),
    stolenMs: (stolen[slice + 1] ?? 0) - (stolen[slice] ?? 0),
  }));
}

const wholeMs = ({ beginningMs, latenciesMs }: Run, share: number) =>
  percentile([...beginningMs, ...latenciesMs], share);

const wholeP99Ms = (one: Run) => wholeMs(one, 0.99);

const beginningP99Ms = ({ beginningMs }: Run) => percentile(beginningMs, 0.99);

const isCalm = ({ stolenMs: stolen }: Slice) => stolen < calmStolenMs;

const medianOf = (slices: readonly Slice[], share: number) =>
  median(slices.map(({ latenciesMs }) => percentile(latenciesMs, share)));

/** The p99 over the calm slices of a run; over all slices if none is calm. */
function p99Of({ slices }: Run): number {
  const calm = slices.filter(isCalm);
  return medianOf(calm.length > 0 ? calm : slices, 0.99);
}

function figuresOf(runs: readonly Run[]) {
  const slices = runs.flatMap((one) => one.slices);
  const calm = slices.filter(isCalm);
  return {
    taken: runs.reduce(
      (sum, { beginningMs, latenciesMs }) => sum + beginningMs.length + latenciesMs.length,
      0,
    ),
    p50Ms: round(medianOf(calm, 0.5)),
    p99Ms: round(medianOf(calm, 0.99)),
    calmSlices: calm.length,
    slices: slices.length,
    wholeP50Ms: runs.map((one) => round(wholeMs(one, 0.5))),
    wholeP99Ms: runs.map((one) => round(wholeP99Ms(one))),
    apiCpuMs: runs.map(({ apiCpuMs }) => apiCpuMs),
  };
}
