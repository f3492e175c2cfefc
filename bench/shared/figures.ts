/** A percentile of measurements, nearest rank; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
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

/** The wall clock in ms, finer than `Date.now()` and comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
