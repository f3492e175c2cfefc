/** What was sent to an endpoint in a period. The times are sums, ms. */
export type TrafficSums = {
  seconds: number;
  sent: number;
  delivered: number;
  waitingMs: number;
  transferMs: number;
  /** Calls that may be under way at once; 0 while the endpoint is closed. */
  window: number;
};

/** How an endpoint is doing. Null where nothing was sent that says so. */
export type Traffic = {
  sent: number;
  delivered: number;
  /** R. */
  deliveredPerSecond: number;
  /** Means of what was sent. */
  waitingMs: number | null;
  transferMs: number | null;
  /** T: how old an event is when its receiver has answered. */
  delayMs: number | null;
  window: number | null;
  /** C: what the window would let through, by Little's law. */
  capacityPerSecond: number | null;
  /** TPUT = R/C: how much of its window the endpoint's events fill. */
  throughput: number | null;
};

/** An endpoint's delay T = waiting + transfer, and its throughput TPUT = R/C. Pure. */
export function trafficOf(sums: TrafficSums): Traffic {
  const { seconds, sent, delivered } = sums;
  const deliveredPerSecond = delivered / seconds;
  const counts = { sent, delivered, deliveredPerSecond };
  if (sent === 0) return { ...counts, ...nothingSaid };
  const waitingMs = sums.waitingMs / sent;
  // A call takes time, however little the clock has seen of it.
  const transferMs = Math.max(sums.transferMs / sent, shortestTransferMs);
  const capacityPerSecond = (sums.window * 1_000) / transferMs;
  return {
    ...counts,
    waitingMs,
    transferMs,
    capacityPerSecond,
    delayMs: waitingMs + transferMs,
    window: sums.window,
    throughput: capacityPerSecond === 0 ? null : deliveredPerSecond / capacityPerSecond,
  };
}

const shortestTransferMs = 0.1;

const nothingSaid = {
  waitingMs: null,
  transferMs: null,
  delayMs: null,
  window: null,
  capacityPerSecond: null,
  throughput: null,
};
