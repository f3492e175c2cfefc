import { setTimeout as sleep } from 'node:timers/promises';
import type { EndpointId } from '../../domain/ids.ts';

/** The delivery runs of endpoint workflows in this process. */
export type DeliveryRuns = {
  begin(endpointId: EndpointId): void;
  end(endpointId: EndpointId): void;
  /** The run left the endpoint closed: nothing is sent before this moment, ms since the epoch. */
  close(endpointId: EndpointId, untilMs: number): void;
  /**
   * Waits within a run. Returns false at once if too many runs wait already; a Temporal timer takes no activity slot.
   */
  pause(pauseMs: number, signal: AbortSignal): Promise<boolean>;
  /** True while a run is active, which looks for new deliveries itself. */
  isUnderWay(endpointId: EndpointId): boolean;
  /** True if the last run left the endpoint closed and its workflow waits for the next probe. */
  isClosed(endpointId: EndpointId): boolean;
};

const mostKept = 10_000;
/** Of the thousand activity slots in `worker/create-workers.ts`. */
const mostPaused = 200;
// The workflow's own timer fires a moment after its set time. A signal before that would cause a second run.
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
      // A stopping worker ends the wait.
      await sleep(pauseMs, undefined, { signal }).catch(() => {});
      paused -= 1;
      return true;
    },
    isUnderWay: (endpointId) => underWay.has(endpointId),
    isClosed,
  };
}
