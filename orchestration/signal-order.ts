import { WorkflowNotFoundError } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { NotificationId, OrderId, RefundId } from '../domain/ids.ts';
import { providerReported, workflowIds } from '../workflows/messages.ts';
import type { settleLate } from '../workflows/settle-late.ts';
import { signalRefund } from './start-refund.ts';

/**
 * Signals a notification in the inbox to the workflow of its refund, else of its order; if that has ended, to
 * `settleLate`. Throws if Temporal is unreachable; the recovery job then redelivers the notification.
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
