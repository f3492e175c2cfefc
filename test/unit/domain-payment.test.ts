import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideOnBinding, decideOnReport, paymentStatuses } from '../../domain/payment.ts';
import type { PaymentState, ProviderReport, ReportDecision } from '../../domain/payment.ts';

const pending = {
  status: 'pending',
  amountMinor: 1250,
  currency: 'CNY',
  providerTradeNo: null,
  capture: 'automatic',
} as const satisfies PaymentState;
const held = { ...pending, capture: 'manual' } as const;
const heldReport = {
  status: 'authorized',
  authorizedMinor: 1250,
  currency: 'CNY',
  providerTradeNo: 'T1',
} as const satisfies ProviderReport;
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
  capture: fc.constantFrom('automatic' as const, 'manual' as const),
});
const report: fc.Arbitrary<ProviderReport> = fc.oneof(
  fc.record({ status: fc.constantFrom('pending' as const, 'absent' as const, 'closed' as const) }),
  fc.record({ status: fc.constant('unknown' as const), providerStatus: fc.string() }),
  fc.record({
    status: fc.constant('authorized' as const),
    authorizedMinor: fc.constantFrom(1, 1250),
    currency: fc.constantFrom('CNY', 'USD'),
    providerTradeNo: fc.constantFrom('T1', 'T2'),
  }),
  fc.record({
    status: fc.constant('succeeded' as const),
    paidMinor: fc.constantFrom(0, 1, 1250, 9_999),
    currency: fc.constantFrom('CNY', 'USD'),
    providerTradeNo: fc.constantFrom('T1', 'T2'),
  }),
);

function after(state: PaymentState, decision: ReportDecision): PaymentState {
  switch (decision.kind) {
    case 'settle':
      return { ...state, status: 'succeeded', providerTradeNo: decision.providerTradeNo };
    case 'authorize':
      return { ...state, status: 'authorized', providerTradeNo: decision.providerTradeNo };
    case 'close':
      return { ...state, status: 'closed' };
    default:
      return state;
  }
}

const settles = { kind: 'settle', capturedMinor: 1250, providerTradeNo: 'T1' };

describe('a report about a payment', () => {
  test('of the full amount settles it', () => {
    expect(decideOnReport(pending, paidReport)).toEqual(settles);
    expect(decideOnReport({ ...pending, status: 'created' }, paidReport)).toEqual(settles);
  });

  test('of money that arrives after the close settles it too: what becomes of it is the order’s', () => {
    expect(decideOnReport(closed, paidReport)).toEqual(settles);
    expect(decideOnReport({ ...closed, status: 'failed' }, paidReport)).toEqual(settles);
  });

  test('of money that is held authorises a payment that asked for that, and no other', () => {
    expect(decideOnReport(held, heldReport)).toEqual({ kind: 'authorize', providerTradeNo: 'T1' });
    expect(decideOnReport(pending, heldReport)).toEqual({ kind: 'unchanged' });
    expect(decideOnReport(held, { ...heldReport, authorizedMinor: 1 })).toEqual({
      kind: 'review',
      reason: 'amount_mismatch',
    });
    expect(decideOnReport({ ...held, status: 'succeeded' }, heldReport)).toEqual({
      kind: 'unchanged',
    });
  });

  test('of a part is right where the money was held, never of more than that', () => {
    const authorized = { ...held, status: 'authorized', providerTradeNo: 'T1' } as const;
    expect(decideOnReport(authorized, { ...paidReport, paidMinor: 900 })).toEqual({
      ...settles,
      capturedMinor: 900,
    });
    for (const paidMinor of [0, 1_251]) {
      expect(decideOnReport(authorized, { ...paidReport, paidMinor })).toMatchObject({
        kind: 'review',
      });
    }
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
      const settled = after(state, first);
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
        expect(decideOnReport(pending, { ...paidReport, paidMinor })).toMatchObject({
          kind: 'review',
          reason: 'amount_mismatch',
        });
      },
    ),
  );
});

test('nothing is settled but the full amount, or of held money a part, in its currency, once', () => {
  fc.assert(
    fc.property(payment, report, (state, said) => {
      const decision = decideOnReport(state, said);
      fc.pre(decision.kind === 'settle' && said.status === 'succeeded');
      expect(said.currency).toBe(state.currency);
      expect(decision).toMatchObject({ capturedMinor: said.paidMinor });
      const least = state.capture === 'automatic' ? state.amountMinor : 1;
      expect(said.paidMinor).toBeGreaterThanOrEqual(least);
      expect(said.paidMinor).toBeLessThanOrEqual(state.amountMinor);
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
  test('also when it names only the provider’s number, by which it was found', () => {
    const actual = { appId: 'A', sellerId: 'S', outTradeNo: null, providerTradeNo: 'T1' };
    expect(decideOnBinding({ appId: 'A', sellerId: 'S', outTradeNo: 'N' }, actual)).toEqual({
      kind: 'bound',
    });
  });

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

describe('where anybody can write our number on a payment of his own', () => {
  const names = fc.constantFrom('T1', 'T2', null);
  const handles = fc.constantFrom('H1', 'H2', null);
  const base = { appId: 'A', sellerId: 'S', outTradeNo: 'N' };

  test('news is ours only by a name that we were given', () => {
    fc.assert(
      fc.property(names, handles, names, handles, (ourTrade, ourRef, theirTrade, theirRef) => {
        const { kind } = decideOnBinding(
          { ...base, isNumberCopyable: true, providerTradeNo: ourTrade, providerRef: ourRef },
          { ...base, providerTradeNo: theirTrade, providerRef: theirRef },
        );
        const pairs = [
          [ourTrade, theirTrade],
          [ourRef, theirRef],
        ].filter(([ours, theirs]) => ours && theirs);
        const isSame = ([ours, theirs]: (string | null)[]) => ours === theirs;
        const kinds = pairs.map((pair) => (isSame(pair) ? 'bound' : 'foreign'));
        expect(kinds[0] ?? 'ask').toBe(kind);
      }),
    );
  });

  test('also where app or seller is another, which comes first', () => {
    const expected = { ...base, isNumberCopyable: true, providerTradeNo: 'T1' };
    expect(decideOnBinding(expected, { ...base, appId: 'B', providerTradeNo: 'T1' })).toEqual({
      kind: 'review',
      reason: 'app_mismatch',
    });
  });
});
