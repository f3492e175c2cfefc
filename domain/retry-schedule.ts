const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** Waits after the first, second, … failed attempt of a delivery: about 3 days in total. */
export const deliveryScheduleMs: readonly number[] = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
];

const jitterShare = 0.2;
const longestWaitMs = 24 * hourMs;

export type RetryDecision = { kind: 'retry'; delayMs: number } | { kind: 'exhausted' };

/**
 * When to retry a delivery. `attempts` counts those made; `random` in [0, 1) adds +-20 % jitter. A receiver's
 * Retry-After (RFC 9110, 10.2.3) only lengthens the wait, up to 24 h.
 * @example nextAttempt({ attempts: 1, random: 0.5 }) // { kind: 'retry', delayMs: 5000 }
 */
export function nextAttempt(
  input: { attempts: number; random: number; retryAfterMs?: number | undefined },
  scheduleMs: readonly number[] = deliveryScheduleMs,
): RetryDecision {
  const baseMs = scheduleMs[input.attempts - 1];
  if (baseMs === undefined) return { kind: 'exhausted' };
  const spreadMs = baseMs * (1 - jitterShare + 2 * jitterShare * input.random);
  const delayMs = Math.max(spreadMs, Math.min(input.retryAfterMs ?? 0, longestWaitMs));
  return { kind: 'retry', delayMs: Math.round(delayMs) };
}

const firstBackoffMs = secondMs;
const longestBackoffMs = minuteMs;

/**
 * The wait before an unresponsive provider is called again: 1 s, 2 s, 4 s, … up to a minute, each +-25 % by `random` in
 * [0, 1). `attempt` counts those made.
 */
export function jitteredBackoffMs({
  attempt,
  random,
}: {
  attempt: number;
  random: number;
}): number {
  const baseMs = Math.min(firstBackoffMs * 2 ** Math.min(attempt - 1, 20), longestBackoffMs);
  return Math.round(baseMs * (0.75 + random / 2));
}

/** Parses a Retry-After header: seconds or an HTTP date. Undefined if it is neither or in the past. */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * secondMs;
  // Date.parse accepts almost anything; HTTP dates end in GMT.
  if (!/^[A-Z][a-z]+, .* GMT$/.test(header)) return undefined;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) || dateMs <= nowMs ? undefined : dateMs - nowMs;
}
