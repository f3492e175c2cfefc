import type { Client } from '@temporalio/client';
import type { OrderId } from '../domain/ids.ts';
import { commandRequested, workflowIds } from '../workflows/messages.ts';
import type { OrderCommand } from '../workflows/messages.ts';
import type { payOrder } from '../workflows/pay-order.ts';

/** Signals an order's workflow that its row has a command. Throws WorkflowNotFoundError if no workflow runs. */
export async function signalCommand({
  client,
  orderId,
  command,
}: {
  client: Client;
  orderId: OrderId;
  command: OrderCommand;
}): Promise<void> {
  const handle = client.workflow.getHandle<typeof payOrder>(workflowIds.payOrder(orderId));
  await handle.signal(commandRequested, { wish: command });
}
