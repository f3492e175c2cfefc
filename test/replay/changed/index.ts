import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../../../workflows/activities.ts';
import { providerReported } from '../../../workflows/messages.ts';
import type { OrderProgress, PayOrderInput } from '../../../workflows/messages.ts';
import { askProvider } from '../../../workflows/retry-policies.ts';

const provider = proxyActivities<Activities>(askProvider);

/** An order's workflow as somebody might rewrite it without a thought for those that are open. */
export async function payOrder({ orderId }: PayOrderInput): Promise<OrderProgress> {
  let isTold = false;
  setHandler(providerReported, () => {
    isTold = true;
  });
  // The first try used to be a local activity: this is the change that a replay must notice.
  await provider.createPayment({ orderId });
  await condition(() => isTold);
  return provider.queryPayment({ orderId });
}
