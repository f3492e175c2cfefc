import { setTimeout as sleep } from 'node:timers/promises';
import { round } from '../shared/cpu.ts';
import { median, medianBounds, normalisedRatios } from '../shared/figures.ts';
import type { Loaded } from '../shared/figures.ts';
import type { Stack } from './stack.ts';

export type Turn = 'well' | 'failing';

/** Runs `well` and `failing` turns alternately, and repairs the `failing` endpoints after each failing turn. */
export async function inTurns<T>(
  stack: Stack,
  input: {
    rounds: number;
    failing: readonly number[];
    run: (turn: Turn, round: number) => Promise<T>;
  },
): Promise<Record<Turn, T[]>> {
  const runs: Record<Turn, T[]> = { well: [], failing: [] };
  for (let number = 1; number <= input.rounds; number++) {
    const turns = ['well', 'failing'] as const;
    // The order alternates, because the second run finds the machine as the first one left it.
    for (const turn of number % 2 === 1 ? turns : turns.toReversed()) {
      runs[turn].push(await input.run(turn, number));
      if (turn === 'failing') await recover(stack, input.failing);
    }
  }
  return runs;
}

/** The latencies of each endpoint that never fails, in the order of arrival. */
export async function sparedLatencies(
  stack: Stack,
  failing: readonly number[],
): Promise<number[][]> {
  const latencies = await stack.latencies();
  return Object.keys(latencies)
    .map(Number)
    .filter((endpoint) => !failing.includes(endpoint))
    .toSorted((a, b) => a - b)
    .map((endpoint) => latencies[endpoint]!);
}

type Compared = { median: number; between: number[]; all: number[] };

/** The ratio of failing to well in each round, because the host load changes more slowly than the rounds. */
export function compareTurns<T>(
  runs: Record<Turn, readonly T[]>,
  figureOf: (run: T) => number,
): Compared {
  return comparedBy(runs.well.map((well, n) => figureOf(runs.failing[n]!) / figureOf(well)));
}

/** The ratio of failing to well in each round, normalised for host load; null if it cannot be computed. */
export function compareNormalised<T>(
  runs: Record<Turn, readonly T[]>,
  figureOf: (run: T) => Loaded,
): (Compared & { power: number }) | null {
  const pairs = runs.well.map((well, n) => ({
    without: figureOf(well),
    having: figureOf(runs.failing[n]!),
  }));
  const found = normalisedRatios(pairs);
  return found ? { ...comparedBy(found.ratios), power: round(found.power) } : null;
}

function comparedBy(ratios: readonly number[]): Compared {
  return {
    median: round(median(ratios), 3),
    between: medianBounds(ratios).map((bound) => round(bound, 3)),
    all: ratios.map((ratio) => round(ratio)),
  };
}

/** Repairs the failing endpoints and waits until they have no pending events and the relay delivers to them again. */
export async function recover(stack: Stack, failing: readonly number[]): Promise<void> {
  await stack.reset();
  for (const n of failing) await stack.enable(n);
  await stack.settled();
  while (await stack.hasFailing()) {
    // An endpoint may need one more event to leave the failing state.
    await stack.publish({ count: failing.length, only: failing });
    await sleep(1_000);
  }
}
