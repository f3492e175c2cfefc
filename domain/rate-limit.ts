/** The generic cell rate algorithm (ITU-T I.371): a rate with up to a second's worth at once. */
export type RateLimit = {
  perSecond: number;
  /** When the next call is due in theory, ms. */ dueAtMs: number;
};

/** Takes one call, or says how long it has to wait. Pure: the caller keeps what is returned. */
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
