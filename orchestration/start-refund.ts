import type { Client } from '@temporalio/client';
import type { NotificationId, OrderId, RefundId } from '../domain/ids.ts';
import { formatMoney } from '../domain/money.ts';
import { providerReported, workflowIds } from '../workflows/messages.ts';
import type { refundPayment } from '../workflows/refund-payment.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Temporal } from './temporal.ts';

type ReservedRefund = {
  id: RefundId;
  orderId: OrderId;
  cause: string;
  amountMinor: number;
  currency: string;
};

/**
 * Starts the workflow of a newly reserved refund, without waiting. If it fails, the recovery job starts the workflow.
 */
export function beginRefund(
  { client, taskQueue, logger }: Temporal & { logger: Logger },
  { refund }: { refund: ReservedRefund },
): void {
  const { id: refundId } = refund;
  const summary = `${formatMoney(refund)} · ${refund.cause} · ${refund.orderId}`;
  startRefund({ client, taskQueue, refundId, summary }).catch((error: unknown) =>
    logger.warn(
      { err: error, refundId },
      'the refund workflow could not be started; the recovery job will start it',
    ),
  );
}

/** Starts the workflow of a refund, or finds it running; idempotent. */
export async function startRefund(input: {
  client: Client;
  taskQueue: string;
  refundId: RefundId;
  summary: string;
}): Promise<void> {
  const { refundId } = input;
  await input.client.workflow.start<typeof refundPayment>('refundPayment', {
    workflowId: workflowIds.refundPayment(refundId),
    taskQueue: input.taskQueue,
    args: [{ refundId }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    // A settled refund may bounce, and then its workflow runs again.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: input.summary,
  });
}

/** Signals a notification to a refund's workflow, and starts it if it has ended. */
export async function signalRefund(input: {
  client: Client;
  taskQueue: string;
  refundId: RefundId;
  notificationId: NotificationId;
}): Promise<void> {
  const { refundId, notificationId } = input;
  await input.client.workflow.signalWithStart<
    typeof refundPayment,
    [{ notificationId: NotificationId }]
  >('refundPayment', {
    workflowId: workflowIds.refundPayment(refundId),
    taskQueue: input.taskQueue,
    args: [{ refundId }],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    signal: providerReported,
    signalArgs: [{ notificationId }],
    staticSummary: `The provider reported ${refundId}`,
  });
}
