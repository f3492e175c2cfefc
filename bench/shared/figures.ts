/** A percentile of measurements, nearest rank; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The wall clock in ms, finer than `Date.now()` and comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
