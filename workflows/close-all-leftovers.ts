import { ActivityFailure, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { OrderId } from '../domain/ids.ts';
import { askProvider } from './retry-policies.ts';

const { closeLeftovers } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Let go of money nobody waits for',
});

/** Closes whatever may still bring money to an order that is done, however long its provider refuses us. */
export async function closeAllLeftovers(input: { orderId: OrderId }): Promise<void> {
  for (;;) {
    try {
      await closeLeftovers(input);
      return;
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and nobody else would let it go.
      if (!(error instanceof ActivityFailure)) throw error;
      await sleep(refusedForMs, { summary: 'until the provider is tried again' });
    }
  }
}

const refusedForMs = 600_000;
