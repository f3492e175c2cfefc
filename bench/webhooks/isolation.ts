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
/** Each run begins in what the same rate without failing has left in the machine, not in what a repair has. */
const leadInMs = 10_000;
// Longer than what was open in a busy time before it stays open: a thousand connections that close take a tenth of a second.
const firstOutageMs = 60_000;
/** The beginning of an outage, until the one that hangs has been given up for the first time, is measured by itself. */
const beginningLastsMs = 25_000;
const calmStolenMs = 0.03 * sliceMs * availableParallelism();
const troubles: readonly Behaviour[] = [
  { kind: 'hang' },
  { kind: 'fail' },
  { kind: 'ok', delayMs: 10 * slowMs },
];
const failing = troubles.map((_, n) => n);
const asFailing = Object.fromEntries(troubles.map((one, n) => [String(n), one]));

/**
 * The same rate again and again, in turns: all endpoints well, and with one that hangs, one that answers 500,
 * and one ten times slower than `slowMs`. Says what the others got, and how fast: of whole runs, which begin when the
 * three go bad; of their beginning by itself; and of the time in which it has been so for a while. The machine has
 * its hostLoads, and a pause of a tenth of a second makes the p99 of a run: so of the last p99 is the median of that
 * of every two seconds in which the host took less than 3 % of the CPU time for others. Host loads last longer than a
 * round: so the two runs of each round are compared, and a ratio is the median of theirs. `apiCpuMs` tells the hostLoad of
 * each run: what an event costs where failing changes nothing. `normalised` is the ratio with that taken out of each round.
 */
export async function measureIsolation(
  stack: Stack,
  { rounds, onProgress, ...load }: Load & { rounds: number; onProgress: (line: string) => void },
) {
  const runs = await inTurns<Run>(stack, {
    rounds,
    failing,
    run: async (turn, number) => {
      const one = await run(stack, { ...load, behaviours: turn === 'well' ? {} : asFailing });
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

/** Latencies of the beginning, and of all that came after it; and what an event cost the API. */
type Run = { beginningMs: number[]; latenciesMs: number[]; slices: Slice[]; apiCpuMs: number };
/** Two seconds of it. `stolenMs`: CPU time that went to other machines of the host. */
type Slice = { latenciesMs: number[]; stolenMs: number };

/** Makes it a platform that has had its first outage and its first repair: its code for them is compiled. */
export async function firstOutage(
  stack: Stack,
  { perSecond }: { perSecond: number },
): Promise<void> {
  await stack.reset(asFailing);
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

/** All endpoints get the same rate, and each one's latencies are in the order of arrival. */
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

/** Of a run without a calm moment, that of all its moments. */
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
