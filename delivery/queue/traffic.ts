import type { Database } from '../../db/database.ts';
import { addTraffic } from '../../db/queries/add-traffic.ts';
import type { TrafficCount } from '../../db/queries/add-traffic.ts';
import { forgetTraffic } from '../../db/queries/read-traffic.ts';
import type { EndpointId } from '../../domain/ids.ts';

export type Sent = {
  endpointId: EndpointId;
  isDelivered: boolean;
  /** From the event to the call, and from the call to the answer. */
  waitingMs: number;
  transferMs: number;
};

export type TrafficCounter = {
  onSent(sent: Sent): void;
  /** The congestion window of an endpoint, from its current owner. */
  onWindow(endpointId: EndpointId, window: number): void;
  close(): Promise<void>;
};

const writeEveryMs = 5_000;
const forgetEveryMs = 3_600_000;
const minuteMs = 60_000;

/**
 * Counts deliveries in memory and writes the counts every few seconds. They are metrics for people: counts lost in a
 * crash or a database outage are only reported to `onError`.
 */
export function countTraffic(input: {
  db: Database;
  onError: (error: unknown) => void;
}): TrafficCounter {
  const { db, onError } = input;
  let counts = new Map<EndpointId, TrafficCount>();
  let windows = new Map<EndpointId, number>();
  const writer = setInterval(() => void write(), writeEveryMs).unref();
  const forgetter = setInterval(() => void forgetTraffic(db).catch(onError), forgetEveryMs).unref();

  async function write(): Promise<void> {
    if (counts.size === 0) return;
    const written = [...counts.values()].map((count) => ({
      ...count,
      window: windows.get(count.endpointId) ?? count.window,
    }));
    counts = new Map();
    windows = new Map();
    await addTraffic(db, written).catch(onError);
  }

  function countOf(endpointId: EndpointId): TrafficCount {
    const known = counts.get(endpointId);
    if (known) return known;
    const minute = new Date(Math.floor(Date.now() / minuteMs) * minuteMs);
    const sums = { sent: 0, delivered: 0, waitingMs: 0, transferMs: 0, window: 0 };
    const fresh = { endpointId, minute, ...sums };
    counts.set(endpointId, fresh);
    return fresh;
  }

  return {
    onSent({ endpointId, isDelivered, waitingMs, transferMs }) {
      const count = countOf(endpointId);
      count.sent += 1;
      if (isDelivered) count.delivered += 1;
      count.waitingMs += Math.max(0, waitingMs);
      count.transferMs += transferMs;
    },
    onWindow: (endpointId, window) => void windows.set(endpointId, window),
    async close() {
      clearInterval(writer);
      clearInterval(forgetter);
      await write();
    },
  };
}
