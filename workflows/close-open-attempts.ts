import { ActivityFailure, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { OrderId } from '../domain/ids.ts';
import { isHistoryLong } from './history.ts';
import { askProvider } from './retry-policies.ts';

const { closeLeftovers } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Let go of money nobody waits for',
});

/**
 * Closes whatever may still bring money to an order that is done, however long its provider refuses us. False where
 * it has to go on in a fresh history.
 */
export async function closeOpenAttempts(input: { orderId: OrderId }): Promise<boolean> {
  for (;;) {
    try {
      await closeLeftovers(input);
      return true;
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and nobody else would let it go.
      if (!(error instanceof ActivityFailure)) throw error;
      await sleep(refusedForMs, { summary: 'until the provider is tried again' });
      if (isHistoryLong()) return false;
    }
  }
}

const refusedForMs = 600_000;
