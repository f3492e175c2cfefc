import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointId } from '../../domain/ids.ts';

/** What this process knows of the rounds that endpoints' workflows have made in it. */
export type DeliveryRuns = {
  begin(endpointId: EndpointId): void;
  end(endpointId: EndpointId): void;
  /** It has left the endpoint closed: nothing is sent there before this moment, ms since the epoch. */
  close(endpointId: EndpointId, untilMs: number): void;
  /** Waits within a round. False, at once, where too many do so already: a timer of Temporal's takes no slot. */
  pause(pauseMs: number, signal: AbortSignal): Promise<boolean>;
  /** A round is under way, and looks for itself at what comes meanwhile. */
  isUnderWay(endpointId: EndpointId): boolean;
  /** The last one has left the endpoint closed, and its workflow waits for the time of the next probe. */
  isClosed(endpointId: EndpointId): boolean;
};

const mostKept = 10_000;
/** Of the thousand slots of `worker/create-workers.ts`. */
const mostPaused = 200;
// The workflow's own timer ends a moment after the time it was set to. Whoever tells it then makes two rounds of one.
const timerGraceMs = 2_000;

export function createDeliveryRuns(): DeliveryRuns {
  const underWay = new Set<EndpointId>();
  const closedUntilMs = new Map<EndpointId, number>();
  let paused = 0;

  const isClosed = (endpointId: EndpointId) => (closedUntilMs.get(endpointId) ?? 0) > Date.now();

  return {
    begin(endpointId) {
      underWay.add(endpointId);
      closedUntilMs.delete(endpointId);
    },
    end(endpointId) {
      underWay.delete(endpointId);
    },
    close(endpointId, untilMs) {
      if (untilMs <= Date.now()) return;
      if (closedUntilMs.size >= mostKept)
        for (const id of closedUntilMs.keys()) if (!isClosed(id)) closedUntilMs.delete(id);
      closedUntilMs.set(endpointId, untilMs + timerGraceMs);
    },
    async pause(pauseMs, signal) {
      if (paused >= mostPaused) return false;
      paused += 1;
      // A worker that stops goes on at once.
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      paused -= 1;
      return true;
    },
    isUnderWay: (endpointId) => underWay.has(endpointId),
    isClosed,
  };
}
