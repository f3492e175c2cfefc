import type { DisputeRef, DisputeResult } from '../provider.ts';
import { ask, read } from './account.ts';
import type { StripeAccount } from './account.ts';
import { unreadable } from './errors.ts';
import { disputeSchema } from './objects.ts';
import { paymentIntentIdOf } from './payments.ts';
import { reportOfDispute } from './status.ts';

/** Asks what stands now: of two events the one that is told later may be the older one, and a lost dispute may be won. */
export async function queryDispute(
  account: StripeAccount,
  { payment, disputeNo }: DisputeRef,
): Promise<DisputeResult> {
  const words = read(disputeSchema, await ask(() => account.sdk.disputes.retrieve(disputeNo)));
  const paymentIntent = await paymentIntentIdOf(account, payment);
  if (words.id !== disputeNo || words.payment_intent !== paymentIntent) {
    throw unreadable('the answer is about another dispute');
  }
  const report = reportOfDispute(words);
  return report ? { kind: 'reported', report } : { kind: 'unknown', providerStatus: words.status };
}
