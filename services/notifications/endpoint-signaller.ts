import pLimit from 'p-limit';
import type { EndpointId } from '../../domain/ids.ts';
import type { FailingEndpoint } from '../../delivery/relay/relay.ts';
import type { ServiceDeps } from '../deps.ts';
import type { DeliveryRuns } from './delivery-runs.ts';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';

const signalAgainMs = 1_000;
// Hundreds of endpoints that fail at once must not crowd Temporal, where payments wait too.
const signalsAtOnce = 4;
// Signalling only when the endpoint may be called again merges the deliveries of an outage into one signal. A longer
// wait belongs in Temporal, which outlives this process.
const longestDelayMs = 30_000;

/**
 * Signals endpoint workflows of new deliveries, each at most once a second, with a last signal after the last delivery.
 * An endpoint that the relay has just closed is signalled when it may be called again. Endpoints with an active run in
 * this process are not signalled, because the run looks for new deliveries itself.
 */
export function createEndpointSignaller(
  deps: Pick<ServiceDeps, 'client' | 'taskQueue' | 'logger'> & {
    runs: DeliveryRuns;
    stopping: AbortSignal;
  },
): (failing: readonly FailingEndpoint[]) => void {
  /** Endpoints signalled less than a second ago, and whether more deliveries came since. */
  const signalled = new Map<EndpointId, { hasMore: boolean }>();
  const delayed = new Map<EndpointId, NodeJS.Timeout>();
  const inTurn = pLimit(signalsAtOnce);

  function signal(endpointId: EndpointId): void {
    const last = signalled.get(endpointId);
    if (last) {
      last.hasMore = true;
      return;
    }
    if (deps.runs.isUnderWay(endpointId)) return;
    const state = { hasMore: false };
    signalled.set(endpointId, state);
    setTimeout(() => {
      signalled.delete(endpointId);
      // Deliveries added while the endpoint was being closed wait for the probe that its workflow makes.
      const isNeeded = !deps.stopping.aborted && !deps.runs.isClosed(endpointId);
      if (state.hasMore && isNeeded) signal(endpointId);
    }, signalAgainMs).unref();
    inTurn(() => signalEndpoint({ ...deps, endpointId })).catch((error: unknown) =>
      // Nothing is lost: the recovery job finds due deliveries without an owner.
      deps.logger.warn(
        { err: error, endpointId },
        'an endpoint workflow could not be signalled; the recovery job will signal it',
      ),
    );
  }

  /**
   * The latest `notBeforeMs` replaces an earlier one. The recovery job finds what a stopping process did not signal.
   */
  function signalInTime({ endpointId, notBeforeMs }: FailingEndpoint): void {
    clearTimeout(delayed.get(endpointId));
    delayed.delete(endpointId);
    const delayMs = notBeforeMs - Date.now();
    if (delayMs <= 0 || delayMs > longestDelayMs) return signal(endpointId);
    const timer = setTimeout(() => {
      delayed.delete(endpointId);
      if (!deps.stopping.aborted) signal(endpointId);
    }, delayMs);
    delayed.set(endpointId, timer.unref());
  }

  return (failing) => failing.forEach(signalInTime);
}
