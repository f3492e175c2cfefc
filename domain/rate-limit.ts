/** The generic cell rate algorithm (ITU-T I.371): a rate with bursts of up to one second. */
export type RateLimit = {
  perSecond: number;
  /** Theoretical arrival time of the next call, ms. */ dueAtMs: number;
};

/** Takes one call, or returns how long to wait, ms. Pure: the caller stores the returned limit. */
export function takeTurn(
  limit: RateLimit,
  nowMs: number,
): { kind: 'go'; limit: RateLimit } | { kind: 'wait'; waitMs: number } {
  const intervalMs = 1_000 / limit.perSecond;
  const earliestMs = limit.dueAtMs - (1_000 - intervalMs);
  if (earliestMs > nowMs) return { kind: 'wait', waitMs: Math.ceil(earliestMs - nowMs) };
  const dueAtMs = Math.max(limit.dueAtMs, nowMs) + intervalMs;
  return { kind: 'go', limit: { ...limit, dueAtMs } };
}
