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

/** What was measured in one run, and what tells the mood that the machine was in; both above 0. */
export type Mooded = { value: number; mood: number };

/**
 * How many times the value of `without` that of `having` is, had they been measured in the same mood: values go with a
 * `power` of it that is the same for both (analysis of covariance of the logarithms). `between`: two standard errors to
 * each side, so 95 % where there are a dozen of each. `unexplained`: by which share equal runs still differ. Undefined
 * where the runs are too few to say so, or all were in one mood.
 */
export function moodlessRatio(runs: {
  having: readonly Mooded[];
  without: readonly Mooded[];
}): { ratio: number; between: [number, number]; power: number; unexplained: number } | undefined {
  const groups = [deviations(runs.having), deviations(runs.without)] as const;
  const all = groups.flatMap(({ around }) => around);
  const degreesOfFreedom = all.length - 3;
  const moodSquares = sum(all.map(({ x }) => x * x));
  if (degreesOfFreedom < 1 || !(moodSquares > 0)) return undefined;
  const power = sum(all.map(({ x, y }) => x * y)) / moodSquares;
  const [having, without] = groups;
  const moodApart = having.x - without.x;
  const apart = having.y - without.y - power * moodApart;
  const variance = sum(all.map(({ x, y }) => (y - power * x) ** 2)) / degreesOfFreedom;
  const perRun = sum(groups.map(({ around }) => 1 / around.length));
  const standardError = Math.sqrt(variance * (perRun + moodApart ** 2 / moodSquares));
  return {
    ratio: Math.exp(apart),
    between: [Math.exp(apart - 2 * standardError), Math.exp(apart + 2 * standardError)],
    power,
    unexplained: Math.sqrt(variance),
  };
}

/** Means of the logarithms, mood as x and value as y, and what each run is away from them. */
function deviations(runs: readonly Mooded[]) {
  const points = runs.map(({ value, mood }) => ({ x: Math.log(mood), y: Math.log(value) }));
  const x = sum(points.map((one) => one.x)) / points.length;
  const y = sum(points.map((one) => one.y)) / points.length;
  return { x, y, around: points.map((one) => ({ x: one.x - x, y: one.y - y })) };
}

const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0);

/** The wall clock in ms, finer than `Date.now()` and comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
