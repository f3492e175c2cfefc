import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideOnBinding, decideOnReport, paymentStatuses } from '../../domain/payment.ts';
import type { PaymentState, ProviderReport, ReportDecision } from '../../domain/payment.ts';

const pending = {
  status: 'pending',
  amountMinor: 1250,
  currency: 'CNY',
  providerTradeNo: null,
} as const satisfies PaymentState;
const succeeded = { ...pending, status: 'succeeded', providerTradeNo: 'T1' } as const;
const closed = { ...pending, status: 'closed' } as const;
const paidReport = {
  status: 'succeeded',
  paidMinor: 1250,
  currency: 'CNY',
  providerTradeNo: 'T1',
} as const satisfies ProviderReport;

const payment = fc.record({
  status: fc.constantFrom(...paymentStatuses),
  amountMinor: fc.constantFrom(1, 1250, 9_999),
  currency: fc.constantFrom('CNY', 'USD'),
  providerTradeNo: fc.constantFrom(null, 'T1', 'T2'),
});
const report: fc.Arbitrary<ProviderReport> = fc.oneof(
  fc.record({ status: fc.constantFrom('pending' as const, 'absent' as const, 'closed' as const) }),
  fc.record({ status: fc.constant('unknown' as const), providerStatus: fc.string() }),
  fc.record({
    status: fc.constant('succeeded' as const),
    paidMinor: fc.constantFrom(0, 1, 1250, 9_999),
    currency: fc.constantFrom('CNY', 'USD'),
    providerTradeNo: fc.constantFrom('T1', 'T2'),
  }),
);

function after(
  state: PaymentState,
  decision: ReportDecision,
  { providerTradeNo }: { providerTradeNo?: string },
): PaymentState {
  if (decision.kind === 'settle') {
    return { ...state, status: 'succeeded', providerTradeNo: providerTradeNo ?? null };
  }
  return decision.kind === 'close' ? { ...state, status: 'closed' } : state;
}

describe('a report about a payment', () => {
  test('of the full amount settles it', () => {
    expect(decideOnReport(pending, paidReport)).toEqual({ kind: 'settle', late: false });
    expect(decideOnReport({ ...pending, status: 'created' }, paidReport)).toEqual({
      kind: 'settle',
      late: false,
    });
  });

  test('of money that arrives after the close is recorded as late, never dropped', () => {
    expect(decideOnReport(closed, paidReport)).toEqual({ kind: 'settle', late: true });
    expect(decideOnReport({ ...closed, status: 'failed' }, paidReport)).toEqual({
      kind: 'settle',
      late: true,
    });
  });

  test('closes an open payment once', () => {
    expect(decideOnReport(pending, { status: 'closed' })).toEqual({ kind: 'close' });
    expect(decideOnReport(closed, { status: 'closed' })).toEqual({ kind: 'unchanged' });
  });

  test('of a second trade under the same number is for a person', () => {
    expect(decideOnReport(succeeded, { ...paidReport, providerTradeNo: 'T2' })).toEqual({
      kind: 'review',
      reason: 'trade_no_mismatch',
    });
  });

  test('in a word we do not know moves nothing, and absent is not closed', () => {
    for (const state of [pending, succeeded, closed]) {
      expect(decideOnReport(state, { status: 'absent' })).toEqual({ kind: 'unchanged' });
      expect(decideOnReport(state, { status: 'unknown', providerStatus: 'NEW' })).toEqual({
        kind: 'unchanged',
      });
    }
  });
});

test('the same report twice is the same report once', () => {
  fc.assert(
    fc.property(payment, report, (state, said) => {
      const first = decideOnReport(state, said);
      const settled = after(state, first, said as { providerTradeNo?: string });
      const second = decideOnReport(settled, said);
      expect(second).toEqual(first.kind === 'review' ? first : { kind: 'unchanged' });
    }),
  );
});

test('no report ever settles another amount', () => {
  fc.assert(
    fc.property(
      fc.integer().filter((minor) => minor !== 1250),
      (paidMinor) => {
        expect(decideOnReport(pending, { ...paidReport, paidMinor })).toEqual({
          kind: 'review',
          reason: 'amount_mismatch',
        });
      },
    ),
  );
});

test('nothing is settled but the full amount, in its currency, of a payment that was not', () => {
  fc.assert(
    fc.property(payment, report, (state, said) => {
      fc.pre(decideOnReport(state, said).kind === 'settle');
      expect(said).toMatchObject({
        status: 'succeeded',
        paidMinor: state.amountMinor,
        currency: state.currency,
      });
      expect(state.status).not.toBe('succeeded');
    }),
  );
});

test('the currency is looked at before the amount: 1250 fen are not 1250 cents', () => {
  expect(decideOnReport(pending, { ...paidReport, currency: 'USD' })).toEqual({
    kind: 'review',
    reason: 'currency_mismatch',
  });
});

test('nothing a provider says takes a success back', () => {
  fc.assert(
    fc.property(report, (said) => {
      expect(['unchanged', 'review']).toContain(decideOnReport(succeeded, said).kind);
    }),
  );
});

describe('a notification is bound to its payment', () => {
  const expected = { appId: 'A', sellerId: 'S', outTradeNo: 'N' };

  test('when app, seller and number are those of the payment', () => {
    expect(decideOnBinding(expected, { ...expected })).toEqual({ kind: 'bound' });
  });

  test.each([
    ['appId', 'app_mismatch'],
    ['sellerId', 'seller_mismatch'],
    ['outTradeNo', 'trade_no_mismatch'],
  ] as const)('and not when %s is another', (field, reason) => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => text !== expected[field]),
        (text) => {
          expect(decideOnBinding(expected, { ...expected, [field]: text })).toEqual({
            kind: 'review',
            reason,
          });
        },
      ),
    );
  });
});
