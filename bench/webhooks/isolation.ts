import { setTimeout as sleep } from 'node:timers/promises';
import { round } from '../shared/cpu.ts';
import { median, percentile } from '../shared/figures.ts';
import { pace } from '../shared/load.ts';
import type { Behaviour } from './receiver.ts';
import type { Stack } from './stack.ts';

const slowMs = 50;
const mostRounds = 5;
const sliceMs = 2_000;
const troubles: readonly Behaviour[] = [
  { kind: 'hang' },
  { kind: 'fail' },
  { kind: 'ok', delayMs: 10 * slowMs },
];

/**
 * The same rate again and again, in turns: all endpoints well, and with one that hangs, one that answers 500,
 * and one ten times slower than `slowMs`, each round others. Says what those got that had been well all the time
 * until then, and how fast. The machine has its moods, and a pause of a tenth of a second makes the p99 of a whole
 * run: so p99 is the median of that of every two seconds; of the whole runs it stands beside it.
 */
export async function measureIsolation(
  stack: Stack,
  { perSecond, durationMs }: { perSecond: number; durationMs: number },
) {
  const rounds = Math.min(mostRounds, Math.floor((stack.endpoints - 1) / troubles.length));
  const run = async (behaviours: Record<string, Behaviour>, firstSpared: number): Promise<Run> => {
    await stack.reset(behaviours);
    await pace({ perSecond, durationMs, operation: () => stack.publish({ count: 1 }) });
    await sleep(1_000);
    const spared = Object.entries(await stack.latencies())
      .filter(([endpoint]) => Number(endpoint) >= firstSpared)
      .map(([, latenciesMs]) => latenciesMs);
    // What waits for the troubled ones is not to be delivered in the next run.
    await stack.reset();
    await stack.settled();
    return { latenciesMs: spared.flat(), slicesMs: slicesOf(spared, durationMs / sliceMs) };
  };
  const well: Run[] = [];
  const troubled: Run[] = [];
  for (let number = 0; number < rounds; number++) {
    const first = number * troubles.length;
    const firstSpared = first + troubles.length;
    const behaviours = Object.fromEntries(troubles.map((one, i) => [String(first + i), one]));
    const runs = [
      async () => void well.push(await run({}, firstSpared)),
      async () => void troubled.push(await run(behaviours, firstSpared)),
    ];
    // Whoever comes second finds what the first has left in the machine: so both do, in turns.
    for (const one of number % 2 === 0 ? runs : runs.toReversed()) await one();
  }
  const [allWell, threeTroubled] = [figuresOf(well), figuresOf(troubled)];
  return {
    perSecond,
    allWell,
    threeTroubled,
    throughputRatio: round(threeTroubled.taken / allWell.taken, 3),
    p99Ratio: round(threeTroubled.p99Ms / allWell.p99Ms, 3),
    p99MsOfRounds: [well, troubled].map((runs) =>
      runs.map(({ latenciesMs }) => round(percentile(latenciesMs, 0.99))),
    ),
  };
}

/** `slicesMs`: the latencies of every two seconds. */
type Run = { latenciesMs: number[]; slicesMs: number[][] };

/** All endpoints get the same rate, and each one's latencies are in the order of arrival. */
function slicesOf(perEndpoint: readonly number[][], slices: number): number[][] {
  const count = Math.max(1, Math.floor(slices));
  return Array.from({ length: count }, (_, slice) =>
    perEndpoint.flatMap((all) =>
      all.slice((slice * all.length) / count, ((slice + 1) * all.length) / count),
    ),
  );
}

function figuresOf(runs: readonly Run[]) {
  const slicesMs = runs.flatMap((run) => run.slicesMs);
  const of = (share: number) => round(median(slicesMs.map((all) => percentile(all, share))));
  const taken = runs.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0);
  return { taken, p50Ms: of(0.5), p99Ms: of(0.99) };
}
