import type { RefundReport } from '../../domain/refund.ts';
import type { RefundInput, RefundRef, RefundResult } from '../provider.ts';
import { ask, read, underKey } from './account.ts';
import type { StripeAccount } from './account.ts';
import { amountRefused, faultOf, refusalOf, unreadable } from './errors.ts';
import { toStripeAmount } from './money.ts';
import { ourNumber, ourRefundNumber, refundSchema } from './objects.ts';
import type { RefundData } from './objects.ts';
import { paymentIntentIdOf } from './payments.ts';
import { reportOfRefund } from './status.ts';

/**
 * Refunds under our own number. The idempotency key protects a repeat for 24 hours only, so our number is first looked
 * up in the PaymentIntent's refunds; that list does not lag, unlike the search.
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
    const data = await underKey(`refund-${refundNo}`, async (idempotencyKey) => {
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
    assertRefundOf(data, paymentIntent);
    if (data.amount !== amount) {
      const message = `Stripe: refund ${refundNo} was made with another amount`;
      return { kind: 'invalidState', code: 'REFUND_NUMBER_USED', message };
    }
    return reported(data);
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    throw faultOf(error);
  }
}

/** Queries by Stripe's number if it is known; else by ours in the metadata. */
export async function queryRefund(
  account: StripeAccount,
  { payment, refundNo, providerRefundNo }: RefundRef,
): Promise<{ kind: 'reported'; report: RefundReport }> {
  const paymentIntent = await paymentIntentIdOf(account, payment);
  if (!paymentIntent) return { kind: 'reported', report: { status: 'absent' } };
  const data = providerRefundNo
    ? read(refundSchema, await ask(() => account.sdk.refunds.retrieve(providerRefundNo)))
    : await findByNumber(account, paymentIntent, refundNo);
  if (!data) return { kind: 'reported', report: { status: 'absent' } };
  assertRefundOf(data, paymentIntent);
  return reported(data);
}

/** A refund made in Stripe's Dashboard has none of our numbers and is found by Stripe's. */
async function findByNumber(
  account: StripeAccount,
  paymentIntent: string,
  refundNo: string,
): Promise<RefundData | undefined> {
  return ask(async () => {
    const pages = account.sdk.refunds.list({ payment_intent: paymentIntent, limit: 100 });
    for await (const answer of pages) {
      const data = read(refundSchema, answer);
      const isMatch = data.metadata[ourRefundNumber] === refundNo || data.id === refundNo;
      if (isMatch) return data;
    }
    return undefined;
  });
}

function reported(data: RefundData): { kind: 'reported'; report: RefundReport } {
  const report = reportOfRefund(data);
  if (!report) throw unreadable("the refund's amount is invalid in its currency");
  return { kind: 'reported', report };
}

function assertRefundOf(data: RefundData, paymentIntent: string): void {
  if (data.payment_intent === paymentIntent) return;
  throw unreadable('the answer is about the refund of another payment');
}
