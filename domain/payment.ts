import type { DisputeReport } from './dispute.ts';

/**
 * One attempt at one provider. `created`: stored, not yet known to the provider. `authorized`: held, not yet captured.
 * Refunds and disputes are separate from the status.
 */
export const paymentStatuses = [
  'created',
  'pending',
  'authorized',
  'succeeded',
  'closed',
  'failed',
] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** What the payer has to do next, by the provider's answer. */
export type NextAction =
  | { kind: 'qr'; content: string }
  | { kind: 'redirect'; url: string }
  | { kind: 'form'; action: string; fields: Record<string, string> }
  | { kind: 'clientSecret'; clientSecret: string }
  | { kind: 'jsapi'; params: Record<string, string> };

/**
 * A provider's report about one payment, mapped to our statuses. `absent` is not `closed`: at some providers a trade
 * exists only once the user has scanned the code. `unknown` is an unmapped status and changes nothing.
 */
export type ProviderReport =
  | { status: 'pending' | 'absent' | 'closed' }
  | { status: 'unknown'; providerStatus: string }
  /** The money is authorised: it must be captured or voided. */
  | { status: 'authorized'; authorizedMinor: number; currency: string; providerTradeNo: string }
  | {
      status: 'succeeded';
      /** Total taken from the payer; after a partial capture less than requested. */
      paidMinor: number;
      currency: string;
      providerTradeNo: string;
      /** ISO 8601; the provider's time of the payment, if it reports one. */
      paidAt?: string;
      /** All of it was refunded to the payer, as for a trade that was paid and then closed. */
      isGivenBack?: boolean;
    };

/** The identifiers that a signed notification names, in the provider's own form. */
export type ReportBinding = {
  appId: string;
  sellerId: string;
  /** Null if the provider names only its own trade number, as for a dispute. */
  outTradeNo: string | null;
  providerTradeNo?: string | null;
  /** The provider's handle of the unpaid payment, if the notification names it. */
  providerRef?: string | null;
};

/** The identifiers that a notification about one of our payments must carry. */
export type ExpectedBinding = ReportBinding & {
  /**
   * Anyone can put our number on a payment of their own at this provider, as in metadata. Only the provider's own
   * identifiers prove that a payment is ours.
   */
  isNumberCopyable?: boolean;
};

/** The content of a notification. */
export type ProviderNews =
  | { kind: 'payment'; report: ProviderReport }
  /** Unsigned or without content: there is news of a payment. The provider is queried. */
  | { kind: 'hint' }
  /** News of a refund, never of a second payment. The provider is queried about the refund. */
  | { kind: 'refund'; refundNo: string; providerRefundNo: string | null }
  | { kind: 'dispute'; report: DisputeReport };

/** `manual` only authorises; the money is captured later. */
export type CaptureMethod = 'automatic' | 'manual';

/** Why the order cannot use a payment. */
export type Surplus = 'late' | 'duplicate' | 'review';

export type PaymentState = {
  status: PaymentStatus;
  amountMinor: number;
  currency: string;
  providerTradeNo: string | null;
  capture: CaptureMethod;
};

export type ReviewReason =
  | 'amount_mismatch'
  | 'currency_mismatch'
  | 'app_mismatch'
  | 'seller_mismatch'
  | 'trade_no_mismatch'
  | 'refund_mismatch'
  /** The provider neither closes the payment nor reports it as paid. */
  | 'close_refused';

export type ReportDecision =
  | { kind: 'unchanged' }
  | { kind: 'authorize'; providerTradeNo: string }
  | { kind: 'settle'; capturedMinor: number; providerTradeNo: string; paidAt?: string | undefined }
  | { kind: 'close' }
  | {
      kind: 'review';
      reason: ReviewReason;
      /** Money of another amount in the right currency: an ended order refunds it. */
      money?: { capturedMinor: number; providerTradeNo: string; paidAt?: string | undefined };
    };

/** Decides what a report means for a payment. Pure and idempotent: the same report twice changes nothing. */
export function decideOnReport(payment: PaymentState, report: ProviderReport): ReportDecision {
  switch (report.status) {
    case 'pending':
    case 'absent':
    case 'unknown':
      return { kind: 'unchanged' };
    case 'closed':
      return isOpen(payment.status) ? { kind: 'close' } : { kind: 'unchanged' };
    case 'authorized':
      return decideOnAuthorization(payment, report);
    case 'succeeded':
      return decideOnSuccess(payment, report);
  }
}

function decideOnAuthorization(
  payment: PaymentState,
  report: Extract<ProviderReport, { status: 'authorized' }>,
): ReportDecision {
  if (payment.status === 'succeeded') return { kind: 'unchanged' };
  // A transient state: an automatic capture follows.
  if (payment.capture === 'automatic') return { kind: 'unchanged' };
  if (report.currency !== payment.currency) return { kind: 'review', reason: 'currency_mismatch' };
  if (report.authorizedMinor !== payment.amountMinor)
    return { kind: 'review', reason: 'amount_mismatch' };
  if (payment.status === 'authorized') return sameTrade(payment, report.providerTradeNo);
  return { kind: 'authorize', providerTradeNo: report.providerTradeNo };
}

function decideOnSuccess(
  payment: PaymentState,
  report: Extract<ProviderReport, { status: 'succeeded' }>,
): ReportDecision {
  const { paidMinor, providerTradeNo, paidAt } = report;
  if (payment.status === 'succeeded') return sameTrade(payment, providerTradeNo);
  if (report.currency !== payment.currency) return { kind: 'review', reason: 'currency_mismatch' };
  if (!isRightAmount(payment, paidMinor)) {
    const money = { capturedMinor: paidMinor, providerTradeNo, paidAt };
    return { kind: 'review', reason: 'amount_mismatch', ...(paidMinor > 0 && { money }) };
  }
  // Also after we closed it: the order decides what to do with late money.
  return { kind: 'settle', capturedMinor: paidMinor, providerTradeNo, paidAt };
}

/** A manual capture may be partial; an automatic one takes the whole amount. */
function isRightAmount({ capture, amountMinor }: PaymentState, paidMinor: number): boolean {
  return capture === 'manual'
    ? paidMinor > 0 && paidMinor <= amountMinor
    : paidMinor === amountMinor;
}

function sameTrade(payment: PaymentState, providerTradeNo: string): ReportDecision {
  return payment.providerTradeNo === providerTradeNo
    ? { kind: 'unchanged' }
    : { kind: 'review', reason: 'trade_no_mismatch' };
}

/** True while a payment can still bring money. */
export function isOpen(status: PaymentStatus): boolean {
  return awaitsPayer(status) || status === 'authorized';
}

/** Time that a payer needs to scan a code just shown. */
const handleMarginMs = 15_000;

/** True if the code or address has expired, or expires too soon to be used. */
export function isHandleDead(
  { handleExpiresAt }: { handleExpiresAt: Date | null },
  nowMs: number,
): boolean {
  return handleExpiresAt !== null && nowMs >= handleExpiresAt.getTime() - handleMarginMs;
}

/** True while the payer has to act. */
export function awaitsPayer(status: PaymentStatus): boolean {
  return status === 'created' || status === 'pending';
}

export type BindingDecision =
  | { kind: 'bound' }
  /** A payment that somebody else opened with our number: ignored. */
  | { kind: 'foreign' }
  /** The notification names no identifier that we know; the provider is queried about our payment. */
  | { kind: 'ask' }
  | { kind: 'review'; reason: ReviewReason };

/** Decides whether a notification is about this payment. Alipay: all four fields MUST be checked. */
export function decideOnBinding(expected: ExpectedBinding, actual: ReportBinding): BindingDecision {
  if (actual.appId !== expected.appId) return { kind: 'review', reason: 'app_mismatch' };
  if (actual.sellerId !== expected.sellerId) return { kind: 'review', reason: 'seller_mismatch' };
  // A notification with only the provider's number was found by that number.
  if (actual.outTradeNo !== null && actual.outTradeNo !== expected.outTradeNo)
    return { kind: 'review', reason: 'trade_no_mismatch' };
  if (!expected.isNumberCopyable) return { kind: 'bound' };
  for (const name of ['providerTradeNo', 'providerRef'] as const) {
    const [ours, theirs] = [expected[name], actual[name]];
    if (ours && theirs) return { kind: ours === theirs ? 'bound' : 'foreign' };
  }
  return { kind: 'ask' };
}
