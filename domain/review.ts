import type { AccountId, NotificationId, PaymentId } from './ids.ts';
import { formatMoney } from './money.ts';
import type { ProviderReport, ReviewReason } from './payment.ts';

/** The facts that a person needs to decide on an order in review. */
export type ReviewFacts = {
  reason: ReviewReason;
  paymentId: PaymentId;
  accountId: AccountId;
  provider: string;
  /** Our payment number, searchable in the provider's portal. */
  outTradeNo: string;
  /** The values of our order. */
  expected: ReviewSide;
  /** The values that the provider reported; null where it reported none. */
  reported: ReviewSide;
  /** The reported money is only authorised: it can be voided, not accepted or refunded. */
  isHeld?: boolean;
  /** The notification with the report; null if the provider answered a query. */
  notificationId: NotificationId | null;
  /** ISO 8601. */
  at: string;
};

export type ReviewSide = {
  amountMinor: number | null;
  currency: string | null;
  appId: string | null;
  sellerId: string | null;
  providerTradeNo: string | null;
  refundNo: string | null;
};

/** The decisions that a person can make about an order in review. */
export const reviewVerbs = ['accept', 'refund', 'close', 'dismiss'] as const;
export type ReviewVerb = (typeof reviewVerbs)[number];

/** The available verbs. Each is checked against the provider's report when it is carried out. */
export function verbsFor({
  isEnded,
  reason,
  isHeld = false,
}: {
  isEnded: boolean;
  reason: ReviewReason;
  isHeld?: boolean | undefined;
}): ReviewVerb[] {
  if (isEnded) return ['dismiss'];
  if (isHeld) return ['close'];
  if (reason === 'currency_mismatch' || reason === 'close_refused') return ['close', 'dismiss'];
  return ['accept', 'refund', 'close'];
}

/** A review in one line, for a log or the Temporal UI. */
export function reviewLine(facts: ReviewFacts, verbs: readonly ReviewVerb[]): string {
  const { reason, provider, accountId, outTradeNo, expected, reported, notificationId } = facts;
  const differing = (Object.keys(expected) as (keyof ReviewSide)[])
    .filter((name) => reported[name] !== null && reported[name] !== expected[name])
    .map((name) => `${name} ${expected[name]} here, ${reported[name]} there`);
  const money = sideMoney(reported);
  return [
    `${reason}: expected ${sideMoney(expected) ?? 'nothing'}`,
    `${provider} (${accountId}) says ${money ?? 'no amount'} for ${outTradeNo}`,
    ...(reported.providerTradeNo ? [`provider trade ${reported.providerTradeNo}`] : []),
    ...differing.filter((line) => !/^(?:amountMinor|currency|providerTradeNo) /.test(line)),
    notificationId ? `reported by ${notificationId}` : 'reported when queried',
    `decide by ${verbs.join(', ')}`,
  ].join('; ');
}

function sideMoney({ amountMinor, currency }: ReviewSide): string | undefined {
  if (amountMinor === null || currency === null) return undefined;
  return formatMoney({ amountMinor, currency });
}

export type ReviewDecision =
  /** Book what the provider has taken, whatever the order's amount. */
  | { kind: 'accept'; capturedMinor: number; providerTradeNo: string }
  /** Book what the provider has taken and refund all of it. */
  | { kind: 'refund'; capturedMinor: number; providerTradeNo: string }
  /** Close it at the provider. */
  | { kind: 'close' }
  /** The money was dealt with at the provider, because it cannot be booked or closed here. */
  | { kind: 'dismiss' }
  | { kind: 'refused'; why: string };

/** Decides whether a person's decision fits the provider's current report. */
export function decideOnReview(
  verb: ReviewVerb,
  payment: { currency: string; reason: ReviewReason | null },
  report: ProviderReport,
): ReviewDecision {
  if (report.status !== 'succeeded') {
    // The provider does not close it; a payment after this is late money.
    if (verb === 'dismiss' && payment.reason === 'close_refused') return { kind: 'dismiss' };
    return verb === 'close' ? { kind: 'close' } : { kind: 'refused', why: 'not_paid_at_provider' };
  }
  if (verb === 'close') return { kind: 'refused', why: 'paid_at_provider' };
  // An order has one currency; money in another is handled in the provider's portal.
  if (report.currency !== payment.currency) {
    return verb === 'dismiss' ? { kind: 'dismiss' } : { kind: 'refused', why: 'other_currency' };
  }
  if (verb === 'dismiss') return { kind: 'refused', why: 'can_be_booked' };
  return {
    kind: verb,
    capturedMinor: report.paidMinor,
    providerTradeNo: report.providerTradeNo,
  };
}
