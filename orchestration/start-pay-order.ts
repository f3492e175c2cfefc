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
  /** The merchant is asked to confirm, within this time. */
  confirmSeconds: number | null;
};

/**
 * Starts the workflow of an order, or finds it running: repeating is safe. With `isShared` a worker
 * stands on the client's own connection and the first task is handed straight back to it.
 */
export async function startPayOrder(input: {
  client: Client;
  taskQueue: string;
  isShared: boolean;
  /** Its row says that there is something left to do, whatever became of an earlier run. */
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
      // A workflow that failed left its order open; one that completed must not run again.
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

// The server bounds a summary by 400 bytes; a character takes up to four of them in some alphabets.
function cut(text: string, longest: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= longest ? text : `${bytes.subarray(0, longest).toString('utf8')}…`;
}

// The UI renders Markdown, and these are a merchant's words: no links or pictures of theirs.
function plain(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>!]/g, String.raw`\$&`);
}
