import type { DisputeReport, DisputeStatus } from '../../domain/dispute.ts';
import type { ProviderReport } from '../../domain/payment.ts';
import type { RefundReport } from '../../domain/refund.ts';
import { fromStripeAmount, fromStripeCurrency } from './money.ts';
import type { DisputeData, PaymentIntentData, RefundData, SessionData } from './objects.ts';

export type PaymentMeaning = 'pending' | 'authorized' | 'paid' | 'closed' | 'unknown';

/** https://docs.stripe.com/payments/paymentintents/lifecycle. A failed attempt leaves the payment open for another. */
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

/** `complete` and `unpaid`: a delayed method in progress, or an authorisation; only the PaymentIntent shows which. */
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
 * https://docs.stripe.com/refunds#failed-refunds: the money of a `failed` refund is back with the merchant and must
 * reach the payer some other way; that of a `canceled` one never left.
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
 * https://docs.stripe.com/disputes/how-disputes-work: a `warning_…` is an inquiry, which moves no money. A prevented
 * dispute moves none either; the refund that prevented it is reported by itself.
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

/** The report of a PaymentIntent; undefined if its amount is invalid in its currency. */
export function reportOfPaymentIntent(data: PaymentIntentData): ProviderReport | undefined {
  const meaning = meaningOfPaymentIntent(data.status);
  switch (meaning) {
    case 'pending':
    case 'closed':
      return { status: meaning };
    case 'unknown':
      return { status: 'unknown', providerStatus: data.status };
    case 'authorized': {
      const authorizedMinor = fromStripeAmount(data.amount_capturable, data.currency);
      if (authorizedMinor === undefined) return undefined;
      const currency = fromStripeCurrency(data.currency);
      return { status: 'authorized', authorizedMinor, currency, providerTradeNo: data.id };
    }
    case 'paid':
      return paidReport({
        amount: data.amount_received,
        currency: data.currency,
        paymentIntentId: data.id,
        paidAtSeconds: data.latest_charge?.created,
        isGivenBack: data.latest_charge?.refunded,
      });
  }
}

/** The report of a Session, or of its PaymentIntent if that is expanded. */
export function reportOfSession(data: SessionData): ProviderReport | undefined {
  const { payment_intent: paymentIntent } = data;
  if (typeof paymentIntent === 'object' && paymentIntent !== null) {
    return reportOfPaymentIntent(paymentIntent);
  }
  const meaning = meaningOfSession(data.status, data.payment_status);
  switch (meaning) {
    case 'pending':
    case 'closed':
      return { status: meaning };
    case 'paid':
      if (!paymentIntent || data.amount_total === null || data.currency === null) return undefined;
      return paidReport({
        amount: data.amount_total,
        currency: data.currency,
        paymentIntentId: paymentIntent,
      });
    default:
      return { status: 'unknown', providerStatus: `${data.status}/${data.payment_status}` };
  }
}

/** The report of a refund; undefined if its amount is invalid in its currency. */
export function reportOfRefund(data: RefundData): RefundReport | undefined {
  const meaning = meaningOfRefund(data.status);
  switch (meaning) {
    case 'pending':
      return { status: 'pending' };
    case 'unknown':
      return { status: 'unknown', providerStatus: String(data.status) };
    case 'failed':
    case 'needs_attention': {
      const code = data.failure_reason ?? data.status ?? 'unknown';
      return { status: meaning, code, providerRefundNo: data.id };
    }
    case 'succeeded': {
      const refundedMinor = fromStripeAmount(data.amount, data.currency);
      if (refundedMinor === undefined) return undefined;
      return {
        status: 'succeeded',
        refundedMinor,
        currency: fromStripeCurrency(data.currency),
        providerRefundNo: data.id,
        refundedAt: isoOfSeconds(data.created),
      };
    }
  }
}

/** The report of a dispute; undefined for an unmapped status or an invalid amount. */
export function reportOfDispute(data: DisputeData): DisputeReport | undefined {
  const status = meaningOfDispute(data.status);
  const amountMinor = fromStripeAmount(data.amount, data.currency);
  if (status === 'unknown' || amountMinor === undefined) return undefined;
  const currency = fromStripeCurrency(data.currency);
  return { disputeNo: data.id, status, amountMinor, currency, reason: data.reason };
}

export function isoOfSeconds(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function paidReport(paid: {
  amount: number;
  currency: string;
  paymentIntentId: string;
  paidAtSeconds?: number | undefined;
  /** By refunds whose numbers are not part of the object. */
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
