import pLimit from 'p-limit';
import type { EndpointId } from '../../domain/ids.ts';
import type { FailingEndpoint } from '../../delivery/relay/relay.ts';
import type { ServiceDeps } from '../deps.ts';
import type { DeliveryRuns } from './delivery-runs.ts';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';

const signalAgainMs = 1_000;
// Endpoints that fail by the hundred at once must not crowd Temporal, where payments wait for their turn too.
const signalsAtOnce = 4;
// To start a workflow while nothing may be sent yet makes one burst of all that an outage begins with. A longer
// time is Temporal's to wait for: it outlives this process.
const longestDelayMs = 30_000;

/**
 * Tells endpoints' workflows of new work, each at most once a second, the last time after the last of it: it
 * finds all that is there. One that the relay has just closed hears when it may be tried again, not before. Says
 * nothing to one whose round is under way in this process, which looks for itself.
 */
export function createEndpointSignaller(
  deps: Pick<ServiceDeps, 'client' | 'taskQueue' | 'logger'> & {
    runs: DeliveryRuns;
    stopping: AbortSignal;
  },
): (failing: readonly FailingEndpoint[]) => void {
  /** Those told less than a second ago, and whether there was more since. */
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
    const now = { hasMore: false };
    signalled.set(endpointId, now);
    setTimeout(() => {
      signalled.delete(endpointId);
      // What came while it was being closed can wait for the probe that its workflow waits for.
      const isOfUse = !deps.stopping.aborted && !deps.runs.isClosed(endpointId);
      if (now.hasMore && isOfUse) signal(endpointId);
    }, signalAgainMs).unref();
    inTurn(() => signalEndpoint({ ...deps, endpointId })).catch((error: unknown) =>
      // Not lost: the recovery job finds deliveries that are due in no one's hands.
      deps.logger.warn(
        { error, endpointId },
        'an endpoint could not be signalled; the recovery job will',
      ),
    );
  }

  /** The latest that is known of it holds. What a stopping process still had to signal, the recovery job finds. */
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
