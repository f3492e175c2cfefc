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
  summary: 'Give the money back, or ask what became of it',
});

/** One refund, from reserved to its end; again when the provider speaks of it later. Workflow id: `refund/<re_id>`. */
export async function refundPayment({
  refundId,
  resumed,
}: RefundPaymentInput): Promise<{ status: RefundStatus }> {
  let status: RefundStatus = 'pending';
  const heard: NotificationId[] = [];
  const hasNews = () => heard.length > 0;
  setHandler(providerReported, ({ notificationId }) => void heard.push(notificationId));

  for (let polls = resumed?.polls ?? 0; ; polls++) {
    if (isHistoryLong() && !hasNews()) {
      await continueAsNew<typeof refundPayment>({ refundId, resumed: { polls } });
    }
    const notificationIds = heard.splice(0);
    try {
      ({ status } = await settleRefund({ refundId, notificationIds }));
      setCurrentDetails(detailsOf[status]);
    } catch (error) {
      // Refused for good, as with a revoked key: an alert is out, and it is tried again later.
      if (!(error instanceof ActivityFailure)) throw error;
      heard.push(...notificationIds);
      setCurrentDetails('REFUSED for good by the provider. It is tried again within the hour.');
      await sleep(nextPollMs({ polls: polls + 4, isIdle: true }));
      continue;
    }
    if (status !== 'pending' && !hasNews()) break;
    await condition(hasNews, nextPollMs({ polls, isIdle: true }), {
      summary: 'until the provider is asked',
    });
  }
  await condition(allHandlersFinished);
  return { status };
}

const detailsOf: Record<RefundStatus, string> = {
  pending: 'The provider has taken the refund on. It is asked when no notification comes.',
  succeeded: 'Refunded.',
  failed: 'The provider refused. The amount can be refunded again.',
  needs_attention: 'NEEDS ATTENTION: the refund bounced. A person must act at the provider.',
};
