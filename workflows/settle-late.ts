import {
  allHandlersFinished,
  condition,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { providerReported } from './messages.ts';
import type { SettleLateInput } from './messages.ts';
import { recordState } from './retry-policies.ts';

const record = proxyLocalActivities<Activities>({
  ...recordState,
  summary: 'Apply what the provider reported',
});

/** The truth that arrives after an order has ended: recorded, whatever it is. Workflow id: `order/<ord_id>/late`. */
export async function settleLate(_input: SettleLateInput): Promise<{ reports: number }> {
  let reports = 0;
  setHandler(providerReported, async ({ notificationId }) => {
    const { status } = await record.applyNotification({ notificationId });
    reports += 1;
    setCurrentDetails(`A notification came after the end; the order is ${status}.`);
  });
  await condition(() => reports > 0 && allHandlersFinished());
  return { reports };
}
