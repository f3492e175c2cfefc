import type { DisputeRef, DisputeResult } from '../provider.ts';
import { ask, read } from './account.ts';
import type { StripeAccount } from './account.ts';
import { unreadable } from './errors.ts';
import { disputeSchema } from './objects.ts';
import { paymentIntentIdOf } from './payments.ts';
import { reportOfDispute } from './status.ts';

/** Queries the current state, because events may arrive out of order and a lost dispute may be won. */
export async function queryDispute(
  account: StripeAccount,
  { payment, disputeNo }: DisputeRef,
): Promise<DisputeResult> {
  const data = read(disputeSchema, await ask(() => account.sdk.disputes.retrieve(disputeNo)));
  const paymentIntent = await paymentIntentIdOf(account, payment);
  if (data.id !== disputeNo || data.payment_intent !== paymentIntent) {
    throw unreadable('the answer is about another dispute');
  }
  const report = reportOfDispute(data);
  return report ? { kind: 'reported', report } : { kind: 'unknown', providerStatus: data.status };
}
