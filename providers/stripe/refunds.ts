import type { RefundReport } from '../../domain/refund.ts';
import type { RefundInput, RefundRef, RefundResult } from '../provider.ts';
import { ask, read, underKey } from './account.ts';
import type { StripeAccount } from './account.ts';
import { amountRefused, faultOf, refusalOf, unreadable } from './errors.ts';
import { toStripeAmount } from './money.ts';
import { ourNumber, ourRefundNumber, refundSchema } from './objects.ts';
import type { RefundWords } from './objects.ts';
import { paymentIntentIdOf } from './payments.ts';
import { reportOfRefund } from './status.ts';

/**
 * Refunds under our own number. Its key protects a repeat for 24 hours only, so that our number is
 * looked for among the PaymentIntent's refunds first: that list is not behind, as the search is.
 */
export async function refund(account: StripeAccount, input: RefundInput): Promise<RefundResult> {
  const { payment, refundNo, refundMinor, reason } = input;
  const amount = toStripeAmount(refundMinor, payment.currency);
  if (amount === undefined) return amountRefused(refundMinor, payment.currency);
  const paymentIntent = await paymentIntentIdOf(account, payment);
  if (!paymentIntent) {
    return { kind: 'invalidState', code: 'NOT_PAID', message: 'Stripe: nothing was paid' };
  }
  try {
    const words = await underKey(`refund-${refundNo}`, async (idempotencyKey) => {
      const earlier = await findByNumber(account, paymentIntent, refundNo);
      if (earlier) return earlier;
      const metadata = {
        [ourRefundNumber]: refundNo,
        [ourNumber]: payment.outTradeNo,
        reason: Array.from(reason).slice(0, 500).join(''),
      };
      const params = { payment_intent: paymentIntent, amount, metadata };
      return read(refundSchema, await account.sdk.refunds.create(params, { idempotencyKey }));
    });
    assertOf(words, paymentIntent);
    if (words.amount !== amount) {
      const message = `Stripe: refund ${refundNo} was made with another amount`;
      return { kind: 'invalidState', code: 'REFUND_NUMBER_USED', message };
    }
    return reported(words);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    throw faultOf(error);
  }
}

/** By Stripe's number where we have it; by ours in the metadata otherwise. */
export async function queryRefund(
  account: StripeAccount,
  { payment, refundNo, providerRefundNo }: RefundRef,
): Promise<{ kind: 'reported'; report: RefundReport }> {
  const paymentIntent = await paymentIntentIdOf(account, payment);
  if (!paymentIntent) return { kind: 'reported', report: { status: 'absent' } };
  const words = providerRefundNo
    ? read(refundSchema, await ask(() => account.sdk.refunds.retrieve(providerRefundNo)))
    : await findByNumber(account, paymentIntent, refundNo);
  if (!words) return { kind: 'reported', report: { status: 'absent' } };
  assertOf(words, paymentIntent);
  return reported(words);
}

/** One made in Stripe's Dashboard carries no number of ours and is known by Stripe's. */
async function findByNumber(
  account: StripeAccount,
  paymentIntent: string,
  refundNo: string,
): Promise<RefundWords | undefined> {
  return ask(async () => {
    const pages = account.sdk.refunds.list({ payment_intent: paymentIntent, limit: 100 });
    for await (const answer of pages) {
      const words = read(refundSchema, answer);
      const isMeant = words.metadata[ourRefundNumber] === refundNo || words.id === refundNo;
      if (isMeant) return words;
    }
    return undefined;
  });
}

function reported(words: RefundWords): { kind: 'reported'; report: RefundReport } {
  const report = reportOfRefund(words);
  if (!report) throw unreadable('the refund has an amount that is none of its currency');
  return { kind: 'reported', report };
}

function assertOf(words: RefundWords, paymentIntent: string): void {
  if (words.payment_intent === paymentIntent) return;
  throw unreadable('the answer is about the refund of another payment');
}
