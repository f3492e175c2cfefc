/**
 * How many concurrent calls one endpoint may have: TCP's slow start, congestion avoidance and fast recovery (RFC 5681),
 * counted in requests instead of bytes. Pure; the caller stores the state.
 */
export type Congestion = {
  /** Calls that may be in flight; 0 while the endpoint is closed and only probed. */
  window: number;
  /** Below the threshold the window doubles for every window acknowledged; above it the window grows by one. */
  threshold: number;
  /** Failures since the last success. */
  failures: number;
  /** All failures ever counted. A call that began at an earlier count failed in an outage that is counted already. */
  losses: number;
  /** No call before this moment, ms since the epoch; 0 if there is no wait. */
  probeAtMs: number;
};

export const initialWindow = 2;
export const largestWindow = 64;
const smallestThreshold = 2;
const failuresThatClose = 3;
const firstProbeMs = 5_000;
const longestProbeMs = 5 * 60_000;

/** A new endpoint: a small window that grows up to the largest. */
export const newCongestion: Congestion = {
  window: initialWindow,
  threshold: largestWindow,
  failures: 0,
  losses: 0,
  probeAtMs: 0,
};

/** One call was acknowledged. A closed endpoint that answers a probe restarts with a window of 1. */
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
 * One call failed. The window is halved; after three failures in a row it closes, and probes follow after 5 s, 10 s, 20
 * s, … up to five minutes, +-25 % by `random` in [0, 1). A receiver's own delay (Retry-After) holds all calls back for
 * that time. `lossesBefore` is the state's `losses` when the call began: of concurrent calls only the first failure
 * counts (RFC 6582, 3.2), or one short outage of a fast endpoint would close it for minutes.
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
 * No call completes any more, not even with a failure. The window shrinks to one call, then slow start up to half of
 * the former window (RFC 5681, 3.1: the loss window after a timeout). Calling it again changes nothing.
 */
export function onStalled(state: Congestion): Congestion {
  if (state.window <= 1) return state;
  return { ...state, window: 1, threshold: Math.max(state.window / 2, smallestThreshold) };
}

/** True while no call may begin: the endpoint is closed after failures, or has asked for time (Retry-After). */
export function isHeldBack(state: Congestion, nowMs: number): boolean {
  return state.probeAtMs > nowMs;
}

/** How many more calls may begin now. A closed endpoint gets one probe, once it is due. */
export function openings(
  state: Congestion,
  { nowMs, underWay, bound }: { nowMs: number; underWay: number; bound: number },
): number {
  if (isHeldBack(state, nowMs)) return 0;
  const window = state.window === 0 ? 1 : Math.floor(state.window);
  return Math.max(0, Math.min(window, bound) - underWay);
}

/**
 * Round trips that `count` calls take if all are acknowledged, at most `bound` at once: the window doubles below its
 * threshold and grows by one above it. The last round trip counts by the share of the window that it uses.
 * @example roundTripsFor(newCongestion, { count: 6, bound: 64 }) // 2, by windows of 2 and 4
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
