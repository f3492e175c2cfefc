import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, DeliveryRun } from './activities.ts';
import { deliveriesAdded } from './messages.ts';
import type { DeliverToEndpointInput } from './messages.ts';
import { deliverRun, keepBooks } from './retry-policies.ts';
import { receiversQueue } from './task-queues.ts';

const { releaseEndpoint } = proxyActivities<Activities>({
  ...keepBooks,
  summary: 'Hand the endpoint back to the relay',
});

/**
 * Delivers to one failing endpoint while anything is outstanding: retries on schedule, then hands the endpoint back to
 * the relay. Workflow id: `endpoint/<ep_id>`.
 */
export async function deliverToEndpoint(input: DeliverToEndpointInput): Promise<void> {
  const { deliverDue } = proxyActivities<Activities>({
    ...deliverRun,
    taskQueue: receiversQueue(workflowInfo().taskQueue),
    summary: 'Make the attempts that are due',
  });
  let hasMore = false;
  setHandler(deliveriesAdded, () => {
    hasMore = true;
  });
  while (!workflowInfo().continueAsNewSuggested) {
    hasMore = false;
    const run = await deliverDue(input);
    const { outstanding, nextDueInMs } = run;
    // If new work was signalled during the release, this run continues.
    if (outstanding === 0 && (await releaseEndpoint(input)).isReleased && !hasMore) return;
    setCurrentDetails(detailsOf(run));
    // Resuming the endpoint sends a signal.
    if (run.isPaused) await condition(() => hasMore);
    else if (outstanding > 0) await condition(() => hasMore, Math.max(nextDueInMs, 1));
  }
  await continueAsNew<typeof deliverToEndpoint>(input);
}

function detailsOf({ outstanding, nextDueInMs, lastFailure, window, isPaused }: DeliveryRun) {
  if (isPaused) return `Paused. ${outstanding} deliveries wait.`;
  const next = new Date(Date.now() + nextDueInMs).toISOString();
  const pace = window === 0 ? 'closed, one probe at a time' : `window ${window}`;
  return `${outstanding} deliveries outstanding, ${pace}, next attempt ${next}. Last failure: ${lastFailure ?? 'none'}.`;
}
