import { WorkflowNotFoundError } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { NotificationId, OrderId, RefundId } from '../domain/ids.ts';
import { providerReported, workflowIds } from '../workflows/messages.ts';
import type { settleLate } from '../workflows/settle-late.ts';
import { signalRefund } from './start-refund.ts';

/**
 * Tells the workflow of the refund it is about, else the order's, that a notification lies in the
 * inbox; where the order has ended, the late one. Throws when Temporal cannot be reached: the recovery job redelivers it.
 */
export async function signalOrder(input: {
  client: Client;
  taskQueue: string;
  orderId: OrderId;
  refundId: RefundId | null;
  notificationId: NotificationId;
}): Promise<void> {
  const { client, orderId, refundId, notificationId } = input;
  if (refundId) return signalRefund({ ...input, refundId });
  try {
    await client.workflow
      .getHandle(workflowIds.payOrder(orderId))
      .signal(providerReported, { notificationId });
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    await client.workflow.signalWithStart<typeof settleLate, [{ notificationId: NotificationId }]>(
      'settleLate',
      {
        workflowId: workflowIds.settleLate(orderId),
        taskQueue: input.taskQueue,
        args: [{ orderId }],
        signal: providerReported,
        signalArgs: [{ notificationId }],
        staticSummary: `A notification after the end of ${orderId}`,
      },
    );
  }
}
