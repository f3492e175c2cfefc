/** Totals of an endpoint's deliveries in a period. Times are sums, ms. */
export type TrafficSums = {
  seconds: number;
  sent: number;
  delivered: number;
  waitingMs: number;
  transferMs: number;
  /** Calls that may be in flight; 0 while the endpoint is closed. */
  window: number;
};

/** Delivery metrics of an endpoint. Null where nothing was sent. */
export type Traffic = {
  sent: number;
  delivered: number;
  /** R. */
  deliveredPerSecond: number;
  /** Means over the deliveries sent. */
  waitingMs: number | null;
  transferMs: number | null;
  /** T: the age of an event when its receiver has answered. */
  delayMs: number | null;
  window: number | null;
  /** C: the rate that the window allows, by Little's law. */
  capacityPerSecond: number | null;
  /** TPUT = R/C: the share of the window's capacity that is used. */
  throughput: number | null;
};

/** Computes an endpoint's delay T = waiting + transfer, and its throughput TPUT = R/C. Pure. */
export function trafficOf(sums: TrafficSums): Traffic {
  const { seconds, sent, delivered } = sums;
  const deliveredPerSecond = delivered / seconds;
  const counts = { sent, delivered, deliveredPerSecond };
  if (sent === 0) return { ...counts, ...noMeasurements };
  const waitingMs = sums.waitingMs / sent;
  // Every call takes time, even if the clock measured none.
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

const noMeasurements = {
  waitingMs: null,
  transferMs: null,
  delayMs: null,
  window: null,
  capacityPerSecond: null,
  throughput: null,
};
