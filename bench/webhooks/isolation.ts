import { setTimeout as sleep } from 'node:timers/promises';
import { round } from '../shared/cpu.ts';
import { median, percentile } from '../shared/figures.ts';
import { pace } from '../shared/load.ts';
import type { Behaviour } from './receiver.ts';
import type { Stack } from './stack.ts';

const slowMs = 50;
const mostRounds = 5;
const troubles: readonly Behaviour[] = [
  { kind: 'hang' },
  { kind: 'fail' },
  { kind: 'ok', delayMs: 10 * slowMs },
];

/**
 * The same rate again and again, in turns: all endpoints well, and with one that hangs, one that answers 500,
 * and one ten times slower than `slowMs`, each round others. Says what those got that had been well all the time
 * until then, and how fast: medians of the rounds, because the machine has its moods.
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
    const spared = Object.entries(await stack.latencies()).filter(
      ([endpoint]) => Number(endpoint) >= firstSpared,
    );
    const latenciesMs = spared.flatMap(([, all]) => all);
    // What waits for the troubled ones is not to be delivered in the next run.
    await stack.reset();
    await stack.settled();
    return {
      taken: latenciesMs.length,
      p50Ms: percentile(latenciesMs, 0.5),
      p99Ms: percentile(latenciesMs, 0.99),
    };
  };
  const well: Run[] = [];
  const troubled: Run[] = [];
  for (let number = 0; number < rounds; number++) {
    const first = number * troubles.length;
    const firstSpared = first + troubles.length;
    const behaviours = Object.fromEntries(troubles.map((one, i) => [String(first + i), one]));
    well.push(await run({}, firstSpared));
    troubled.push(await run(behaviours, firstSpared));
  }
  const [allWell, threeTroubled] = [mediansOf(well), mediansOf(troubled)];
  return {
    perSecond,
    allWell,
    threeTroubled,
    throughputRatio: round(sumTaken(troubled) / sumTaken(well), 3),
    p99Ratio: round(threeTroubled.p99Ms / allWell.p99Ms, 3),
    p99MsOfRounds: [well, troubled].map((runs) => runs.map(({ p99Ms }) => round(p99Ms))),
  };
}

type Run = { taken: number; p50Ms: number; p99Ms: number };

const sumTaken = (runs: readonly Run[]) => runs.reduce((sum, { taken }) => sum + taken, 0);

function mediansOf(runs: readonly Run[]): Run {
  const of = (name: keyof Run) => round(median(runs.map((run) => run[name])));
  return { taken: of('taken'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms') };
}
