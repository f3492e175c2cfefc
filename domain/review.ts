import type { AccountId, NotificationId, PaymentId } from './ids.ts';
import { formatMoney } from './money.ts';
import type { ProviderReport, ReviewReason } from './payment.ts';

/** What a person has to know to decide about an order that its provider contradicts. */
export type ReviewFacts = {
  reason: ReviewReason;
  paymentId: PaymentId;
  accountId: AccountId;
  provider: string;
  /** Our number of the payment, by which the provider's portal finds it. */
  outTradeNo: string;
  /** What our order says. */
  expected: ReviewSide;
  /** What the provider said; null for what it did not say. */
  reported: ReviewSide;
  /** What was reported is only held: it can be let go, and neither accepted nor refunded. */
  isHeld?: boolean;
  /** What it was said by; null where the provider answered a question of ours. */
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

/** What a person can decide about an order in review. */
export const reviewVerbs = ['accept', 'refund', 'close', 'dismiss'] as const;
export type ReviewVerb = (typeof reviewVerbs)[number];

/** Which verbs there are; each is checked against what the provider says when it is carried out. */
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

/** A review in one line, as for a log or the Temporal UI. */
export function reviewLine(facts: ReviewFacts, verbs: readonly ReviewVerb[]): string {
  const { reason, provider, accountId, outTradeNo, expected, reported, notificationId } = facts;
  const differing = (Object.keys(expected) as (keyof ReviewSide)[])
    .filter((name) => reported[name] !== null && reported[name] !== expected[name])
    .map((name) => `${name} ${expected[name]} here, ${reported[name]} there`);
  const money = sideMoney(reported);
  return [
    `${reason}: expected ${sideMoney(expected) ?? 'nothing'}`,
    `${provider} (${accountId}) says ${money ?? 'no amount'} for ${outTradeNo}`,
    ...(reported.providerTradeNo ? [`its number ${reported.providerTradeNo}`] : []),
    ...differing.filter((line) => !/^(?:amountMinor|currency|providerTradeNo) /.test(line)),
    notificationId ? `told by ${notificationId}` : 'answered when asked',
    `decide by ${verbs.join(', ')}`,
  ].join('; ');
}

function sideMoney({ amountMinor, currency }: ReviewSide): string | undefined {
  if (amountMinor === null || currency === null) return undefined;
  return formatMoney({ amountMinor, currency });
}

export type ReviewDecision =
  /** Take what the provider has taken, whatever was asked for. */
  | { kind: 'accept'; capturedMinor: number; providerTradeNo: string }
  /** Record what the provider has taken and give all of it back. */
  | { kind: 'refund'; capturedMinor: number; providerTradeNo: string }
  /** Close it at the provider. */
  | { kind: 'close' }
  /** What cannot be booked or closed here was dealt with at the provider. */
  | { kind: 'dismiss' }
  | { kind: 'refused'; why: string };

/** Decides whether a person's decision fits what the provider says at this moment. */
export function decideOnReview(
  verb: ReviewVerb,
  payment: { currency: string; reason: ReviewReason | null },
  report: ProviderReport,
): ReviewDecision {
  if (report.status !== 'succeeded') {
    // It cannot be closed there; should it be paid after all, that is late money.
    if (verb === 'dismiss' && payment.reason === 'close_refused') return { kind: 'dismiss' };
    return verb === 'close' ? { kind: 'close' } : { kind: 'refused', why: 'not_paid_at_provider' };
  }
  if (verb === 'close') return { kind: 'refused', why: 'paid_at_provider' };
  // Our books hold an order in one currency; another one is for the provider's portal.
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
