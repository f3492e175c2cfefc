import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProviderReport, ReviewReason } from '../../domain/payment.ts';
import { decideOnReview, reviewLine, reviewVerbs, verbsFor } from '../../domain/review.ts';
import type { ReviewFacts } from '../../domain/review.ts';

const reasons: ReviewReason[] = [
  'amount_mismatch',
  'currency_mismatch',
  'app_mismatch',
  'seller_mismatch',
  'trade_no_mismatch',
  'refund_mismatch',
  'close_refused',
];
const payment = { currency: 'CNY', reason: 'amount_mismatch' as ReviewReason };
const taken = (currency: string): ProviderReport => {
  return { status: 'succeeded', paidMinor: 1_000, currency, providerTradeNo: 't1' };
};

test('what the provider does not close can be let go of here', () => {
  const refused = { currency: 'CNY', reason: 'close_refused' as const };
  expect(decideOnReview('dismiss', refused, { status: 'pending' })).toEqual({ kind: 'dismiss' });
  expect(decideOnReview('dismiss', refused, taken('CNY'))).toMatchObject({ why: 'can_be_booked' });
});

describe('a decision about an order in review', () => {
  test.each([
    ['accept', taken('CNY'), 'accept'],
    ['refund', taken('CNY'), 'refund'],
    ['close', taken('CNY'), 'paid_at_provider'],
    ['dismiss', taken('CNY'), 'can_be_booked'],
    ['accept', taken('USD'), 'other_currency'],
    ['refund', taken('USD'), 'other_currency'],
    ['dismiss', taken('USD'), 'dismiss'],
    ['accept', { status: 'pending' }, 'not_paid_at_provider'],
    ['dismiss', { status: 'closed' }, 'not_paid_at_provider'],
    ['close', { status: 'pending' }, 'close'],
  ] as const)('to %s what is %j is %s', (verb, report, outcome) => {
    const decision = decideOnReview(verb, payment, report);
    expect(decision.kind === 'refused' ? decision.why : decision.kind).toBe(outcome);
  });

  test('can be made whatever the provider says: no order is in review for ever', () => {
    const status = fc.constantFrom('pending', 'absent', 'closed', 'succeeded' as const);
    const currency = fc.constantFrom('CNY', 'USD');
    fc.assert(
      fc.property(status, currency, (status, currency) => {
        const report = status === 'succeeded' ? taken(currency) : ({ status } as ProviderReport);
        const ends = reviewVerbs.map((verb) => decideOnReview(verb, payment, report).kind);
        expect(ends.some((kind) => kind !== 'refused')).toBe(true);
      }),
    );
  });
});

test('every review offers a verb, and none that its reason rules out', () => {
  for (const reason of reasons) {
    expect(verbsFor({ isEnded: true, reason })).toEqual(['dismiss']);
    expect(verbsFor({ isEnded: false, reason })).not.toEqual([]);
  }
  expect(verbsFor({ isEnded: false, reason: 'currency_mismatch' })).toEqual(['close', 'dismiss']);
});

test('a line says what differs, who said it, and how to decide', () => {
  const nobody = { appId: null, sellerId: null, providerTradeNo: null, refundNo: null };
  const facts: ReviewFacts = {
    reason: 'app_mismatch',
    paymentId: 'pay_1',
    accountId: 'acc_1',
    provider: 'alipay',
    outTradeNo: 'o1',
    expected: { ...nobody, amountMinor: 1_250, currency: 'CNY', appId: 'A' },
    reported: { ...nobody, amountMinor: 1_250, currency: 'CNY', appId: 'B', providerTradeNo: 't1' },
    notificationId: 'ntf_1',
    at: '2026-11-29T00:00:00.000Z',
  };
  expect(reviewLine(facts, ['accept', 'close'])).toBe(
    'app_mismatch: expected CNY 12.50; alipay (acc_1) says CNY 12.50 for o1; provider trade t1; appId A here, B there; reported by ntf_1; decide by accept, close',
  );
});
