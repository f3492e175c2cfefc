/** One attempt at one provider. `created` is stored, not yet known to the provider. Amounts in minor units. */
export const paymentStatuses = ['created', 'pending', 'succeeded', 'closed', 'failed'] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** What the user has to do next, as the provider answered it. */
export type NextAction =
  | { kind: 'qr'; content: string }
  | { kind: 'redirect'; url: string }
  | { kind: 'form'; action: string; fields: Record<string, string> }
  | { kind: 'clientSecret'; clientSecret: string }
  | { kind: 'jsapi'; params: Record<string, string> };

/**
 * What a provider says about one payment, its own words mapped to ours. `absent` is not `closed`: at
 * some providers a trade exists only once the user has scanned the code. `unknown` is a status we
 * have no word for, and moves nothing.
 */
export type ProviderReport =
  | { status: 'pending' | 'absent' | 'closed' }
  | { status: 'unknown'; providerStatus: string }
  | {
      status: 'succeeded';
      paidMinor: number;
      currency: string;
      providerTradeNo: string;
      /** ISO 8601; the provider's own time of the payment, when it says one. */
      paidAt?: string;
    };

/** Who a signed notification says it is for, in the provider's own words. */
export type ReportBinding = { appId: string; sellerId: string; outTradeNo: string };

export type PaymentState = {
  status: PaymentStatus;
  amountMinor: number;
  currency: string;
  providerTradeNo: string | null;
};

export type ReviewReason =
  | 'amount_mismatch'
  | 'currency_mismatch'
  | 'app_mismatch'
  | 'seller_mismatch'
  | 'trade_no_mismatch'
  | 'late_payment';

export type ReportDecision =
  | { kind: 'unchanged' }
  | { kind: 'settle'; late: boolean }
  | { kind: 'close' }
  | { kind: 'review'; reason: ReviewReason };

/** Decides what a report means for a payment. Pure and idempotent: the same report twice changes nothing. */
export function decideOnReport(payment: PaymentState, report: ProviderReport): ReportDecision {
  switch (report.status) {
    case 'pending':
    case 'absent':
    case 'unknown':
      return { kind: 'unchanged' };
    case 'closed':
      // A closed trade after a success is a full refund at the provider, never an unpaid order.
      return isOpen(payment.status) ? { kind: 'close' } : { kind: 'unchanged' };
    case 'succeeded':
      return decideOnSuccess(payment, report);
  }
}

function decideOnSuccess(
  payment: PaymentState,
  report: Extract<ProviderReport, { status: 'succeeded' }>,
): ReportDecision {
  if (payment.status === 'succeeded') {
    const isSameTrade = payment.providerTradeNo === report.providerTradeNo;
    return isSameTrade ? { kind: 'unchanged' } : { kind: 'review', reason: 'trade_no_mismatch' };
  }
  if (report.currency !== payment.currency) return { kind: 'review', reason: 'currency_mismatch' };
  if (report.paidMinor !== payment.amountMinor)
    return { kind: 'review', reason: 'amount_mismatch' };
  // Money that arrives after we closed is still money: record it, the late-payment policy decides the rest.
  return { kind: 'settle', late: !isOpen(payment.status) };
}

export function isOpen(status: PaymentStatus): boolean {
  return status === 'created' || status === 'pending';
}

/** Decides whether a notification speaks of this very payment. Alipay: all four fields MUST be checked. */
export function decideOnBinding(
  expected: ReportBinding,
  actual: ReportBinding,
): { kind: 'bound' } | { kind: 'review'; reason: ReviewReason } {
  if (actual.appId !== expected.appId) return { kind: 'review', reason: 'app_mismatch' };
  if (actual.sellerId !== expected.sellerId) return { kind: 'review', reason: 'seller_mismatch' };
  if (actual.outTradeNo !== expected.outTradeNo)
    return { kind: 'review', reason: 'trade_no_mismatch' };
  return { kind: 'bound' };
}
