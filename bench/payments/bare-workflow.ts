import {
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  setHandler,
} from '@temporalio/workflow';
import type { bareActivities } from './bare-activities.ts';

export const open = defineUpdate<void>('open');
export const paid = defineSignal('paid');

const { first, second } = proxyActivities<typeof bareActivities>({ startToCloseTimeout: '20s' });

/** The bare shape of a payment: update-with-start, an activity, a signal, an activity. */
export async function barePayment(): Promise<{ ranAtMs: number }> {
  let isOpen = false;
  let isPaid = false;
  setHandler(open, async () => {
    await first();
    isOpen = true;
  });
  setHandler(paid, () => {
    isPaid = true;
  });
  await condition(() => isOpen && isPaid);
  return second();
}
