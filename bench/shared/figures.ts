/** A percentile of measurements, nearest rank; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/**
 * Between what the true median lies with 95 % confidence, whatever the distribution: by the ranks that a coin
 * tossed as often would give. Of less than six values, the smallest and the largest.
 */
export function medianBounds(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  let rank = 0;
  let share = 0.5 ** n;
  for (let below = share; below <= 0.025 && rank < n / 2 - 1; below += share) {
    rank += 1;
    share *= (n - rank + 1) / rank;
  }
  return [sorted[Math.max(rank - 1, 0)] ?? Number.NaN, sorted[n - Math.max(rank, 1)] ?? Number.NaN];
}

/** What was measured in one run, and what tells the hostLoad that the machine was in; both above 0. */
export type Loaded = { value: number; hostLoad: number };

/**
 * How many times the value of `without` that of `having` is in each pair, had both been measured in the same hostLoad: values
 * go with a `power` of it, the median of the slopes between all runs of a kind in logarithms (Theil and Sen), which a run
 * that something else held up hardly moves. Undefined where the runs are too few to say so, or all were in one hostLoad.
 */
export function normalisedRatios(
  pairs: readonly { having: Loaded; without: Loaded }[],
): { ratios: number[]; power: number } | undefined {
  const slopes = [pairs.map(({ having }) => having), pairs.map(({ without }) => without)].flatMap(
    slopesBetween,
  );
  if (slopes.length === 0) return undefined;
  const power = median(slopes);
  const ratios = pairs.map(
    ({ having, without }) =>
      having.value / without.value / (having.hostLoad / without.hostLoad) ** power,
  );
  return { ratios, power };
}

/** Host loads that are nearly the same say nothing of what a hostLoad does. */
const leastApart = Math.log(1.02);

function slopesBetween(runs: readonly Loaded[]): number[] {
  return runs.flatMap((one, n) =>
    runs.slice(0, n).flatMap((other) => {
      const apart = Math.log(one.hostLoad / other.hostLoad);
      return Math.abs(apart) > leastApart ? Math.log(one.value / other.value) / apart : [];
    }),
  );
}

/** The wall clock in ms, finer than `Date.now()` and comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
