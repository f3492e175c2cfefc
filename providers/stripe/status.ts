import type { DisputeReport, DisputeStatus } from '../../domain/dispute.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import type { RefundReport } from '../../domain/refund.ts';
import { fromStripeAmount, fromStripeCurrency } from './money.ts';
import type { DisputeWords, PaymentIntentWords, RefundWords, SessionWords } from './objects.ts';

export type PaymentMeaning = 'pending' | 'authorized' | 'paid' | 'closed' | 'unknown';

/** https://docs.stripe.com/payments/paymentintents/lifecycle. A failed attempt leaves a payment open for the next. */
export function meaningOfPaymentIntent(status: string): PaymentMeaning {
  switch (status) {
    case 'requires_payment_method':
    case 'requires_confirmation':
    case 'requires_action':
    case 'processing':
      return 'pending';
    case 'requires_capture':
      return 'authorized';
    case 'succeeded':
      return 'paid';
    case 'canceled':
      return 'closed';
    default:
      return 'unknown';
  }
}

/** `complete` and `unpaid` is money under way by a slow method, or held: only its PaymentIntent knows. */
export function meaningOfSession(status: string | null, paymentStatus: string): PaymentMeaning {
  switch (status) {
    case 'open':
      return 'pending';
    case 'expired':
      return 'closed';
    case 'complete':
      if (paymentStatus === 'unpaid') return 'pending';
      return paymentStatus === 'paid' ? 'paid' : 'unknown';
    default:
      return 'unknown';
  }
}

export type RefundMeaning = 'pending' | 'succeeded' | 'failed' | 'needs_attention' | 'unknown';

/**
 * https://docs.stripe.com/refunds#failed-refunds: the money of a `failed` one is back with the
 * merchant and must reach the payer some other way; a `canceled` one never left.
 */
export function meaningOfRefund(status: string | null): RefundMeaning {
  switch (status) {
    case 'pending':
    case 'requires_action':
      return 'pending';
    case 'succeeded':
      return 'succeeded';
    case 'failed':
      return 'needs_attention';
    case 'canceled':
      return 'failed';
    default:
      return 'unknown';
  }
}

/**
 * https://docs.stripe.com/disputes/how-disputes-work: a `warning_…` is an inquiry, which moves no money. A dispute
 * prevented takes none either; a refund that prevented it is reported itself.
 */
export function meaningOfDispute(status: string): DisputeStatus | 'unknown' {
  switch (status) {
    case 'warning_needs_response':
    case 'warning_under_review':
      return 'inquiry';
    case 'warning_closed':
    case 'prevented':
      return 'inquiry_closed';
    case 'needs_response':
    case 'under_review':
    case 'appeal_needs_response':
    case 'appeal_under_review':
      return 'open';
    case 'won':
      return 'won';
    case 'lost':
      return 'lost';
    default:
      return 'unknown';
  }
}

/** The report in a PaymentIntent's words; undefined when its amount is none of the currency's. */
export function reportOfPaymentIntent(words: PaymentIntentWords): ProviderReport | undefined {
  const meaning = meaningOfPaymentIntent(words.status);
  switch (meaning) {
    case 'pending':
    case 'closed':
      return { status: meaning };
    case 'unknown':
      return { status: 'unknown', providerStatus: words.status };
    case 'authorized': {
      const authorizedMinor = fromStripeAmount(words.amount_capturable, words.currency);
      if (authorizedMinor === undefined) return undefined;
      const currency = fromStripeCurrency(words.currency);
      return { status: 'authorized', authorizedMinor, currency, providerTradeNo: words.id };
    }
    case 'paid':
      return paidReport({
        amount: words.amount_received,
        currency: words.currency,
        paymentIntentId: words.id,
        paidAtSeconds: words.latest_charge?.created,
        isGivenBack: words.latest_charge?.refunded,
      });
  }
}

/** The report in a Session's words; its PaymentIntent's, where it is expanded, say more. */
export function reportOfSession(words: SessionWords): ProviderReport | undefined {
  const { payment_intent: paymentIntent } = words;
  if (typeof paymentIntent === 'object' && paymentIntent !== null) {
    return reportOfPaymentIntent(paymentIntent);
  }
  const meaning = meaningOfSession(words.status, words.payment_status);
  switch (meaning) {
    case 'pending':
    case 'closed':
      return { status: meaning };
    case 'paid':
      if (!paymentIntent || words.amount_total === null || words.currency === null)
        return undefined;
      return paidReport({
        amount: words.amount_total,
        currency: words.currency,
        paymentIntentId: paymentIntent,
      });
    default:
      return { status: 'unknown', providerStatus: `${words.status}/${words.payment_status}` };
  }
}

/** The report in a refund's words; undefined when its amount is none of the currency's. */
export function reportOfRefund(words: RefundWords): RefundReport | undefined {
  const meaning = meaningOfRefund(words.status);
  switch (meaning) {
    case 'pending':
      return { status: 'pending' };
    case 'unknown':
      return { status: 'unknown', providerStatus: String(words.status) };
    case 'failed':
    case 'needs_attention': {
      const code = words.failure_reason ?? words.status ?? 'unknown';
      return { status: meaning, code, providerRefundNo: words.id };
    }
    case 'succeeded': {
      const refundedMinor = fromStripeAmount(words.amount, words.currency);
      if (refundedMinor === undefined) return undefined;
      return {
        status: 'succeeded',
        refundedMinor,
        currency: fromStripeCurrency(words.currency),
        providerRefundNo: words.id,
        refundedAt: isoOfSeconds(words.created),
      };
    }
  }
}

/** The report in a dispute's words; undefined for a status or an amount we cannot read. */
export function reportOfDispute(words: DisputeWords): DisputeReport | undefined {
  const status = meaningOfDispute(words.status);
  const amountMinor = fromStripeAmount(words.amount, words.currency);
  if (status === 'unknown' || amountMinor === undefined) return undefined;
  const currency = fromStripeCurrency(words.currency);
  return { disputeNo: words.id, status, amountMinor, currency, reason: words.reason };
}

export function isoOfSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function paidReport(paid: {
  amount: number;
  currency: string;
  paymentIntentId: string;
  paidAtSeconds?: number | undefined;
  /** By refunds whose numbers are not said. */
  isGivenBack?: boolean | undefined;
}): ProviderReport | undefined {
  const paidMinor = fromStripeAmount(paid.amount, paid.currency);
  if (paidMinor === undefined) return undefined;
  return {
    status: 'succeeded',
    paidMinor,
    currency: fromStripeCurrency(paid.currency),
    providerTradeNo: paid.paymentIntentId,
    ...(paid.paidAtSeconds !== undefined && { paidAt: isoOfSeconds(paid.paidAtSeconds) }),
    ...(paid.isGivenBack && { isGivenBack: true }),
  };
}
