import type { Qos } from '../domain/delivery.ts';
import type { EndpointId, MerchantId, MessageId } from '../domain/ids.ts';
import { messageReplied, workflowIds } from '../workflows/messages.ts';
import type { exchangeMessage } from '../workflows/exchange-message.ts';
import type { Temporal } from './temporal.ts';

type Request = {
  id: MessageId;
  merchantId: MerchantId;
  toMerchantId: MerchantId;
  toEndpointId: EndpointId | null;
  qos: Qos;
  expiresAt: Date;
};

/**
 * Starts a request's workflow, or finds it running; idempotent. `isRestart`: an earlier run may have called the
 * endpoint, so an at-most-once request only waits.
 */
export async function startExchange({
  client,
  taskQueue,
  message,
  isRestart = false,
}: Temporal & { message: Request; isRestart?: boolean }): Promise<void> {
  const isAskedOnce = message.qos === 'at_most_once';
  const { id: messageId, expiresAt, toEndpointId, toMerchantId } = message;
  await client.workflow.start<typeof exchangeMessage>('exchangeMessage', {
    workflowId: workflowIds.exchangeMessage(messageId),
    taskQueue,
    args: [
      {
        messageId,
        expiresAtMs: expiresAt.getTime(),
        isAskedOnce,
        isAsked: toEndpointId !== null && !(isAskedOnce && isRestart),
      },
    ],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Request from ${message.merchantId} to ${toEndpointId ?? toMerchantId}`,
  });
}

/**
 * Signals a request's workflow that there is a reply. If the signal is lost, the workflow sees the reply at its
 * deadline.
 */
export async function notifyExchange({
  client,
  messageId,
}: Pick<Temporal, 'client'> & { messageId: MessageId }): Promise<void> {
  await client.workflow.getHandle(workflowIds.exchangeMessage(messageId)).signal(messageReplied);
}
