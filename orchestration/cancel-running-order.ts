import type { Client } from '@temporalio/client';
import type { OrderId } from '../domain/ids.ts';
import { cancelOrder, workflowIds } from '../workflows/messages.ts';
import type { payOrder } from '../workflows/pay-order.ts';

/** Asks the running workflow of an order to cancel; returns once it has heard. Saying it twice is saying it once. */
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
