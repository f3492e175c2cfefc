import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { MerchantId, OrderId } from '../domain/ids.ts';
import { formatMoney } from '../domain/money.ts';
import { workflowIds } from '../workflows/messages.ts';
import type { payOrder } from '../workflows/pay-order.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';

export type OrderToStart = {
  id: OrderId;
  merchantId: MerchantId;
  merchantOrderNo: string;
  amountMinor: number;
  currency: string;
  subject: string;
  provider: string;
  expiresAt: string;
  /** How long the merchant has to confirm; null if confirmation is off. */
  confirmSeconds: number | null;
};

/**
 * Starts the workflow of an order, or finds it running; idempotent. `isShared`: a worker uses the client's own
 * connection, so the server returns the first task with the start (eager start).
 */
export async function startPayOrder(input: {
  client: Client;
  taskQueue: string;
  isShared: boolean;
  /** The order's row shows work left, whatever happened to an earlier run. */
  isRestart?: boolean;
  publicUrl: string;
  order: OrderToStart;
}): Promise<void> {
  const { order } = input;
  const money = formatMoney(order);
  try {
    await input.client.workflow.start<typeof payOrder>('payOrder', {
      workflowId: workflowIds.payOrder(order.id),
      taskQueue: input.taskQueue,
      args: [
        {
          orderId: order.id,
          expiresAtMs: Date.parse(order.expiresAt),
          ...(order.confirmSeconds !== null && { confirmWithinMs: order.confirmSeconds * 1_000 }),
        },
      ],
      requestEagerStart: input.isShared,
      workflowIdConflictPolicy: 'USE_EXISTING',
      // A failed workflow leaves its order open and may run again; a completed one must not.
      workflowIdReusePolicy: input.isRestart ? 'ALLOW_DUPLICATE' : 'ALLOW_DUPLICATE_FAILED_ONLY',
      staticSummary: cut(`${money} · ${plain(order.merchantOrderNo)} · ${order.provider}`, 180),
      staticDetails: [
        `**${plain(order.subject)}**`,
        `- amount: ${money}`,
        `- merchant: ${order.merchantId}, their number: ${plain(order.merchantOrderNo)}`,
        `- provider: ${order.provider}, until ${order.expiresAt}`,
        `- API: ${input.publicUrl}/v1/orders/${order.id}`,
      ].join('\n'),
      typedSearchAttributes: new TypedSearchAttributes([
        { key: searchAttributes.merchant, value: order.merchantId },
        { key: searchAttributes.orderNo, value: order.merchantOrderNo },
        { key: searchAttributes.status, value: 'pending' },
        { key: searchAttributes.provider, value: order.provider },
      ]),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

// The server limits a summary to 400 bytes, and the money and the provider need some of them.
function cut(text: string, longest: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= longest ? text : `${bytes.subarray(0, longest).toString('utf8')}…`;
}

// The UI renders Markdown; the escapes keep a merchant's text from adding links or pictures.
function plain(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>!]/g, String.raw`\$&`);
}
