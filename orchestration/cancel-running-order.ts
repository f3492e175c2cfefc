import type { Client } from '@temporalio/client';
import type { OrderId } from '../domain/ids.ts';
import { cancelOrder, workflowIds } from '../workflows/messages.ts';
import type { payOrder } from '../workflows/pay-order.ts';

/**
 * Sends the `cancel` update to an order's running workflow and returns once it is accepted. Idempotent: the update id
 * is fixed.
 */
export async function cancelRunningOrder({
  client,
  orderId,
}: {
  client: Client;
  orderId: OrderId;
}): Promise<void> {
  await client.workflow
    .getHandle<typeof payOrder>(workflowIds.payOrder(orderId))
    .startUpdate(cancelOrder, { updateId: 'cancel', waitForStage: 'ACCEPTED' });
}
