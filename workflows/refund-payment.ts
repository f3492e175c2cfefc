import {
  ActivityFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { Activities } from './activities.ts';
import type { NotificationId } from '../domain/ids.ts';
import { nextPollMs } from '../domain/order.ts';
import type { RefundStatus } from '../domain/refund.ts';
import { isHistoryLong } from './history.ts';
import { providerReported } from './messages.ts';
import type { RefundPaymentInput } from './messages.ts';
import { askProvider } from './retry-policies.ts';

const { settleRefund } = proxyActivities<Activities>({
  ...askProvider,
  summary: 'Refund at the provider, or query the refund',
});

/**
 * One refund, from reserved to its final status; started again when the provider reports it later. Workflow id:
 * `refund/<re_id>`.
 */
export async function refundPayment({
  refundId,
  resumed,
}: RefundPaymentInput): Promise<{ status: RefundStatus }> {
  let status: RefundStatus = 'pending';
  const received: NotificationId[] = [];
  const hasReceived = () => received.length > 0;
  setHandler(providerReported, ({ notificationId }) => void received.push(notificationId));

  for (let polls = resumed?.polls ?? 0; ; polls++) {
    if (isHistoryLong() && !hasReceived()) {
      await continueAsNew<typeof refundPayment>({ refundId, resumed: { polls } });
    }
    const notificationIds = received.splice(0);
    try {
      ({ status } = await settleRefund({ refundId, notificationIds }));
      setCurrentDetails(detailsOf[status]);
    } catch (error) {
      // Refused permanently, as with a revoked key: an alert is out, and the refund is retried later.
      if (!(error instanceof ActivityFailure)) throw error;
      received.push(...notificationIds);
      setCurrentDetails(
        'REFUSED permanently by the provider. The next attempt is within the hour.',
      );
      await sleep(nextPollMs({ polls: polls + 4, isIdle: true }));
      continue;
    }
    if (status !== 'pending' && !hasReceived()) break;
    await condition(hasReceived, nextPollMs({ polls, isIdle: true }), {
      summary: 'until the provider is queried',
    });
  }
  await condition(allHandlersFinished);
  return { status };
}

const detailsOf: Record<RefundStatus, string> = {
  pending: 'The provider accepted the refund. It is queried if no notification arrives.',
  succeeded: 'Refunded.',
  failed: 'The provider refused. The amount can be refunded again.',
  needs_attention: 'NEEDS ATTENTION: the refund bounced. A person must act at the provider.',
};
