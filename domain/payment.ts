import type { DisputeReport } from './dispute.ts';

/**
 * One attempt at one provider. `created` is stored, not yet known to the provider; `authorized` is
 * held for us and not yet taken. What was given back or is disputed stands beside the status, not in it.
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
  /** The payer's money is held for us: it has to be captured, or voided. */
  | { status: 'authorized'; authorizedMinor: number; currency: string; providerTradeNo: string }
  | {
      status: 'succeeded';
      /** What was taken from the payer in all; after a partial capture less than was asked for. */
      paidMinor: number;
      currency: string;
      providerTradeNo: string;
      /** ISO 8601; the provider's own time of the payment, when it says one. */
      paidAt?: string;
      /** All of it has gone back to the payer, as of a trade that is closed and yet was paid. */
      isGivenBack?: boolean;
    };

/** Who a signed notification says it is for, in the provider's own words. */
export type ReportBinding = {
  appId: string;
  sellerId: string;
  /** Null where a provider names only its own number of the trade, as for a dispute. */
  outTradeNo: string | null;
  providerTradeNo?: string | null;
  /** The provider's handle of the unpaid payment, where the news names it. */
  providerRef?: string | null;
};

/** What news of one of our payments must say. */
export type ExpectedBinding = ReportBinding & {
  /**
   * Anybody can write our number on a payment of his own at this provider, as into metadata: which one
   * is ours, only the provider's own names for it tell.
   */
  isNumberCopyable?: boolean;
};

/** What a notification is about. */
export type ProviderNews =
  | { kind: 'payment'; report: ProviderReport }
  /** Unsigned or thin: says that there is news of a payment, not what. The provider is asked. */
  | { kind: 'hint' }
  /** Of a refund, and never of a second payment. The provider is asked what became of it. */
  | { kind: 'refund'; refundNo: string; providerRefundNo: string | null }
  | { kind: 'dispute'; report: DisputeReport };

/** `manual` only holds the payer's money until it is captured. */
export type CaptureMethod = 'automatic' | 'manual';

/** Why the order has no use for a payment. */
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
  /** The provider neither closes the payment nor says that it was paid. */
  | 'close_refused';

export type ReportDecision =
  | { kind: 'unchanged' }
  | { kind: 'authorize'; providerTradeNo: string }
  | { kind: 'settle'; capturedMinor: number; providerTradeNo: string; paidAt?: string | undefined }
  | { kind: 'close' }
  | {
      kind: 'review';
      reason: ReviewReason;
      /** Money of another amount, in the right currency: an order that waits for none gives it back. */
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
  // Held for a moment on its way: what was asked for is to take it at once.
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
  // Also after we closed it: money is still money, and what the order makes of it is decided there.
  return { kind: 'settle', capturedMinor: paidMinor, providerTradeNo, paidAt };
}

/** What is held may be captured in part; what is taken at once is taken whole. */
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

/** True while a payment may still bring money. */
export function isOpen(status: PaymentStatus): boolean {
  return awaitsPayer(status) || status === 'authorized';
}

/** A payer who has just been shown a code needs time to scan it. */
const handleMarginMs = 15_000;

/** True when what the payer was given can be used no more, or not for long enough: it is time for another. */
export function isHandleDead(
  { handleExpiresAt }: { handleExpiresAt: Date | null },
  nowMs: number,
): boolean {
  return handleExpiresAt !== null && nowMs >= handleExpiresAt.getTime() - handleMarginMs;
}

/** True while it is the payer's turn. */
export function awaitsPayer(status: PaymentStatus): boolean {
  return status === 'created' || status === 'pending';
}

export type BindingDecision =
  | { kind: 'bound' }
  /** Of a payment that somebody else opened and that carries our number: none of our business. */
  | { kind: 'foreign' }
  /** It names nothing that we know of ours: the provider, asked about the one that we opened, tells. */
  | { kind: 'ask' }
  | { kind: 'review'; reason: ReviewReason };

/** Decides whether a notification speaks of this very payment. Alipay: all four fields MUST be checked. */
export function decideOnBinding(expected: ExpectedBinding, actual: ReportBinding): BindingDecision {
  if (actual.appId !== expected.appId) return { kind: 'review', reason: 'app_mismatch' };
  if (actual.sellerId !== expected.sellerId) return { kind: 'review', reason: 'seller_mismatch' };
  // One that names only the provider's number was found by it.
  if (actual.outTradeNo !== null && actual.outTradeNo !== expected.outTradeNo)
    return { kind: 'review', reason: 'trade_no_mismatch' };
  if (!expected.isNumberCopyable) return { kind: 'bound' };
  for (const name of ['providerTradeNo', 'providerRef'] as const) {
    const [ours, theirs] = [expected[name], actual[name]];
    if (ours && theirs) return { kind: ours === theirs ? 'bound' : 'foreign' };
  }
  return { kind: 'ask' };
}
