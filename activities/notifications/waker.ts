import pLimit from 'p-limit';
import type { EndpointId } from '../../domain/ids.ts';
import type { ActivityDeps } from '../deps.ts';
import { wakeEndpoint } from './wake-endpoint.ts';

const wakeAgainMs = 1_000;
// Endpoints that fail by the hundred at once must not crowd Temporal, where payments wait for their turn too.
const wakesAtOnce = 4;

/**
 * Tells endpoints' workflows of new work, each at most once a second, the last time after the last of it: it
 * finds all that is there. Says nothing to one whose round is under way in this process, which looks for itself.
 */
export function createWaker(
  deps: Pick<ActivityDeps, 'client' | 'taskQueue' | 'logger' | 'rounds' | 'stopping'>,
): (endpointIds: readonly EndpointId[]) => void {
  /** Those told less than a second ago, and whether there was more since. */
  const told = new Map<EndpointId, { hasMore: boolean }>();
  const inTurn = pLimit(wakesAtOnce);

  function tell(endpointId: EndpointId): void {
    const last = told.get(endpointId);
    if (last) {
      last.hasMore = true;
      return;
    }
    if (deps.rounds.isUnderWay(endpointId)) return;
    const now = { hasMore: false };
    told.set(endpointId, now);
    setTimeout(() => {
      told.delete(endpointId);
      // What came while it was being closed can wait for the probe that its workflow waits for.
      const isOfUse = !deps.stopping.aborted && !deps.rounds.isClosed(endpointId);
      if (now.hasMore && isOfUse) tell(endpointId);
    }, wakeAgainMs).unref();
    inTurn(() => wakeEndpoint({ ...deps, endpointId })).catch((error: unknown) =>
      // Not lost: the sweep finds deliveries that are due in no one's hands.
      deps.logger.warn({ error, endpointId }, 'an endpoint could not be woken, the sweep will'),
    );
  }

  return (endpointIds) => endpointIds.forEach(tell);
}
