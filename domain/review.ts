import type { ProviderReport } from './payment.ts';

/** What a person can decide about an order in review. */
export const reviewVerbs = ['accept', 'refund', 'close'] as const;
export type ReviewVerb = (typeof reviewVerbs)[number];

export type ReviewDecision =
  /** Take what the provider has taken, whatever was asked for. */
  | { kind: 'accept'; capturedMinor: number; providerTradeNo: string }
  /** Record what the provider has taken and give all of it back. */
  | { kind: 'refund'; capturedMinor: number; providerTradeNo: string }
  /** Close it at the provider. */
  | { kind: 'close' }
  | { kind: 'refused'; why: 'not_paid_at_provider' | 'paid_at_provider' | 'other_currency' };

/** Decides whether a person's wish fits what the provider says at this moment. */
export function decideOnReview(
  verb: ReviewVerb,
  payment: { currency: string },
  report: ProviderReport,
): ReviewDecision {
  if (report.status !== 'succeeded') {
    return verb === 'close' ? { kind: 'close' } : { kind: 'refused', why: 'not_paid_at_provider' };
  }
  if (verb === 'close') return { kind: 'refused', why: 'paid_at_provider' };
  // Our books hold an order in one currency; another one is for the provider's portal.
  if (report.currency !== payment.currency) return { kind: 'refused', why: 'other_currency' };
  return {
    kind: verb,
    capturedMinor: report.paidMinor,
    providerTradeNo: report.providerTradeNo,
  };
}
