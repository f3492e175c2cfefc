/** A percentile of measurements, nearest rank; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/**
 * The 95 % confidence interval of the median for any distribution, from the binomial distribution of ranks. For fewer
 * than six values, the smallest and the largest.
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

/** The result of one run and a measure of the host load during it; both above 0. */
export type Loaded = { value: number; hostLoad: number };

/**
 * The ratio of `having` to `without` in each pair, normalised for host load. Values scale with a `power` of the load:
 * the median slope between all runs of a kind in logarithms (Theil-Sen), which single outliers hardly move. Undefined
 * if there are too few runs or all had the same load.
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

/** The smallest log ratio of two host loads from which a slope is computed. */
const minLogRatio = Math.log(1.02);

function slopesBetween(runs: readonly Loaded[]): number[] {
  return runs.flatMap((one, n) =>
    runs.slice(0, n).flatMap((other) => {
      const apart = Math.log(one.hostLoad / other.hostLoad);
      return Math.abs(apart) > minLogRatio ? Math.log(one.value / other.value) / apart : [];
    }),
  );
}

/** The wall clock in ms, finer than `Date.now()` and comparable across processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
