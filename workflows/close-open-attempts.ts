import { ActivityFailure, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { OrderId } from '../domain/ids.ts';
import { isHistoryLong } from './history.ts';
import { askProvider } from './retry-policies.ts';

const { closeLeftovers } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Close open payment attempts',
});

/**
 * Closes all open attempts of an ended order, and retries permanent refusals without limit. False if it has to continue
 * in a new run.
 */
export async function closeOpenAttempts(input: { orderId: OrderId }): Promise<boolean> {
  for (;;) {
    try {
      await closeLeftovers(input);
      return true;
    } catch (error) {
      // Refused permanently, as with a revoked key: an alert is out, and nothing else would close the attempt.
      if (!(error instanceof ActivityFailure)) throw error;
      await sleep(refusedForMs, { summary: 'until the provider is called again' });
      if (isHistoryLong()) return false;
    }
  }
}

const refusedForMs = 600_000;
