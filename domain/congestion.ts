/**
 * How many calls one endpoint may have under way: TCP's slow start, congestion avoidance and fast
 * recovery (RFC 5681) in requests instead of bytes. Pure; whoever delivers keeps it.
 */
export type Congestion = {
  /** Calls that may be under way; 0 while the endpoint is closed and only probed. */
  window: number;
  /** Below it the window doubles for every window acknowledged, above it grows by one. */
  threshold: number;
  /** Failures since the last success. */
  failures: number;
  /** Failures counted ever. What began at another count belongs to the same outage as the one counted since. */
  losses: number;
  /** No probe before this moment, ms since the epoch; 0 where none is awaited. */
  probeAtMs: number;
};

export const initialWindow = 2;
export const largestWindow = 64;
const smallestThreshold = 2;
const failuresThatClose = 3;
const firstProbeMs = 5_000;
const longestProbeMs = 5 * 60_000;

/** An endpoint that nothing is known of: a small window, and everything above it to be found out. */
export const newCongestion: Congestion = {
  window: initialWindow,
  threshold: largestWindow,
  failures: 0,
  losses: 0,
  probeAtMs: 0,
};

/** One call was acknowledged. A closed endpoint that answers a probe starts slowly. */
export function onAcknowledged(state: Congestion): Congestion {
  if (state.window === 0) return { ...state, window: 1, failures: 0, probeAtMs: 0 };
  const growth = state.window < state.threshold ? 1 : 1 / state.window;
  return {
    ...state,
    window: Math.min(state.window + growth, largestWindow),
    failures: 0,
    probeAtMs: 0,
  };
}

/**
 * One call failed: half the window, and after three failures in a row none, but for a probe after
 * 5 s, 10 s, 20 s, … up to five minutes, +-25 % by `random` in [0, 1). A receiver's own delay
 * (Retry-After) holds everything back for as long as it says. `lossesBefore` is the state's `losses` when the
 * call began: of calls that were under way together only the first failure counts (RFC 6582, 3.2), or one short
 * outage of a fast endpoint would close it for minutes.
 */
export function onFailed(
  state: Congestion,
  {
    nowMs,
    random,
    lossesBefore,
    retryAfterMs = 0,
  }: { nowMs: number; random: number; lossesBefore: number; retryAfterMs?: number | undefined },
): Congestion {
  const probeIn = (waitMs: number) => (waitMs > 0 ? Math.round(nowMs + waitMs) : 0);
  if (lossesBefore !== state.losses)
    return { ...state, probeAtMs: Math.max(state.probeAtMs, probeIn(retryAfterMs)) };
  const failures = state.failures + 1;
  const threshold = Math.max(state.window / 2, smallestThreshold);
  const closes = failures >= failuresThatClose;
  const doublings = Math.min(failures - failuresThatClose, 10);
  const probeMs = Math.min(firstProbeMs * 2 ** doublings, longestProbeMs) * (0.75 + random / 2);
  return {
    window: closes ? 0 : Math.max(state.window / 2, 1),
    threshold: state.window === 0 ? state.threshold : threshold,
    failures,
    losses: state.losses + 1,
    probeAtMs: probeIn(Math.max(closes ? probeMs : 0, retryAfterMs)),
  };
}

/**
 * Nothing comes back any more, not even a failure: one call at a time from here on, and slow start up to half of
 * what was (RFC 5681, 3.1: the loss window after a timeout). Further silence changes nothing: half is of what was before.
 */
export function onSilence(state: Congestion): Congestion {
  if (state.window <= 1) return state;
  return { ...state, window: 1, threshold: Math.max(state.window / 2, smallestThreshold) };
}

/** Nothing may be sent yet: it has failed so often that it is closed, or has asked for time (Retry-After). */
export function isHeldBack(state: Congestion, nowMs: number): boolean {
  return state.probeAtMs > nowMs;
}

/** How many more calls may begin now. A closed endpoint is probed with one, once its time has come. */
export function openings(
  state: Congestion,
  { nowMs, underWay, bound }: { nowMs: number; underWay: number; bound: number },
): number {
  if (isHeldBack(state, nowMs)) return 0;
  const window = state.window === 0 ? 1 : Math.floor(state.window);
  return Math.max(0, Math.min(window, bound) - underWay);
}

/**
 * Round trips in which `count` calls are through if all are acknowledged, no more than `bound` at once: the window
 * doubles below its threshold and grows by one above it. The last counts for the share of the window it needs.
 */
export function roundTripsFor(
  state: Congestion,
  { count, bound }: { count: number; bound: number },
): number {
  const widest = Math.max(1, Math.min(bound, largestWindow));
  let [left, window, roundTrips] = [count, Math.max(1, Math.floor(state.window)), 0];
  while (window < widest && left > window) {
    left -= window;
    window = window < state.threshold ? Math.min(2 * window, state.threshold) : window + 1;
    roundTrips++;
  }
  return roundTrips + left / Math.min(window, widest);
}
