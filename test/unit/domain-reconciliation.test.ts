import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  dateIn,
  dayBefore,
  differenceKinds,
  autoResolvableKinds,
  judgePair,
} from '../../domain/reconciliation.ts';
import type { DifferenceKind, OurSide, Pair, TheirSide } from '../../domain/reconciliation.ts';

const ours: OurSide = {
  status: 'succeeded',
  amountMinor: 1250,
  currency: 'CNY',
  ledgerMinor: 1250,
};
const theirs: TheirSide = { lines: 1, amountMinor: 1250, currency: 'CNY', isOverruled: false };
const pair = (parts: Partial<Pair>): Pair => ({
  about: 'payment',
  ours,
  theirs,
  isPaymentOurs: true,
  otherDays: 'absent',
  ...parts,
});

const about = fc.constantFrom('payment' as const, 'refund' as const);

describe('two sides that agree', () => {
  test('are no difference, whatever the amount, the currency and the other days', () => {
    fc.assert(
      fc.property(
        about,
        fc.integer({ min: 1 }),
        fc.constantFrom('CNY', 'USD', 'JPY'),
        fc.constantFrom('found' as const, 'absent' as const, 'undecided' as const),
        (about, amountMinor, currency, otherDays) => {
          const agreeing = pair({
            about,
            ours: { ...ours, amountMinor, currency, ledgerMinor: amountMinor },
            theirs: { ...theirs, amountMinor, currency },
            otherDays,
          });
          expect(judgePair(agreeing)).toBeUndefined();
        },
      ),
    );
  });

  test('may be found on another day, and are not missed while one is not made yet', () => {
    for (const otherDays of ['found', 'undecided'] as const) {
      expect(judgePair(pair({ theirs: null, otherDays }))).toBeUndefined();
      expect(judgePair(pair({ about: 'refund', theirs: null, otherDays }))).toBeUndefined();
    }
  });

  test('may be neither of them', () => {
    expect(judgePair(pair({ ours: null, theirs: null }))).toBeUndefined();
    expect(judgePair(pair({ ours: { ...ours, status: 'closed' }, theirs: null }))).toBeUndefined();
  });
});

describe('a difference', () => {
  test.each<[string, Partial<Pair>, DifferenceKind]>([
    ['money there, pending here', { ours: { ...ours, status: 'pending' } }, 'missing_here_payment'],
    ['money there, closed here', { ours: { ...ours, status: 'closed' } }, 'missing_here_payment'],
    ['money here, no line on any day', { theirs: null }, 'missing_there_payment'],
    ['a number of nobody here', { ours: null }, 'unknown_trade'],
    ['a refund made at the provider', { about: 'refund', ours: null }, 'missing_here_refund'],
    [
      'a refund of a payment of nobody here',
      { about: 'refund', ours: null, isPaymentOurs: false },
      'unknown_trade',
    ],
    [
      'a refund there, pending here',
      { about: 'refund', ours: { ...ours, status: 'pending' } },
      'pending_refund_settled',
    ],
    [
      'a refund there, failed here',
      { about: 'refund', ours: { ...ours, status: 'failed' } },
      'missing_here_refund',
    ],
    [
      'a refund here, no line on any day',
      { about: 'refund', theirs: null },
      'missing_there_refund',
    ],
    ['another amount', { theirs: { ...theirs, amountMinor: 1251 } }, 'amount_mismatch'],
    ['another currency', { theirs: { ...theirs, currency: 'HKD' } }, 'currency_mismatch'],
    ['two lines of one number', { theirs: { ...theirs, lines: 2 } }, 'duplicate_line'],
    ['a ledger that says something else', { ours: { ...ours, ledgerMinor: 0 } }, 'ledger_mismatch'],
  ])('is %s', (_, parts, kind) => {
    expect(judgePair(pair(parts))).toBe(kind);
  });

  test('is not what the provider itself took back when it was asked about a refund', () => {
    for (const status of ['pending', 'failed', 'needs_attention'] as const) {
      const overruled = { about: 'refund', ours: { ...ours, status } } as const;
      expect(judgePair(pair({ ...overruled, theirs: { ...theirs, isOverruled: true } }))).toBe(
        undefined,
      );
    }
  });

  test('of money is never explained away by a line that was overruled', () => {
    const isOverruled = { ...theirs, isOverruled: true };
    expect(judgePair(pair({ ours: { ...ours, status: 'closed' }, theirs: isOverruled }))).toBe(
      'missing_here_payment',
    );
  });

  test('of every kind tells its owner what to do', () => {
    expect(Object.values(differenceKinds).every((action) => action.endsWith('.'))).toBe(true);
    expect(autoResolvableKinds.every((kind) => kind in differenceKinds)).toBe(true);
  });
});

describe('a whole day', () => {
  type Line = { about: Pair['about']; number: string; amountMinor: number; currency: string };
  type Row = OurSide & { about: Pair['about']; number: string };

  /** Brings the two sides together by number, as the database does it by sets. */
  function reconcile(rows: readonly Row[], lines: readonly Line[]): string[] {
    const keyOf = (one: { about: string; number: string }) => `${one.about} ${one.number}`;
    const keys = new Set([...rows, ...lines].map(keyOf));
    return [...keys]
      .flatMap((key) => {
        const own = lines.filter((line) => keyOf(line) === key);
        const [first] = own;
        const row = rows.find((row) => keyOf(row) === key) ?? null;
        const kind = judgePair({
          about: key.startsWith('payment') ? 'payment' : 'refund',
          ours: row,
          theirs: first ? { ...first, lines: own.length, isOverruled: false } : null,
          isPaymentOurs: true,
          otherDays: 'absent',
        });
        return kind ? [`${kind} ${key}`] : [];
      })
      .toSorted();
  }

  const plants = {
    none: (row: Row, line: Line) => ({ rows: [row], lines: [line], kind: undefined }),
    here: (row: Row, line: Line) => ({
      rows: [{ ...row, status: 'pending' as const, ledgerMinor: 0 }],
      lines: [line],
      kind: row.about === 'payment' ? 'missing_here_payment' : 'pending_refund_settled',
    }),
    stranger: (row: Row, line: Line) => ({
      rows: [],
      lines: [line],
      kind: row.about === 'payment' ? 'unknown_trade' : 'missing_here_refund',
    }),
    there: (row: Row) => ({ rows: [row], lines: [], kind: `missing_there_${row.about}` }),
    amount: (row: Row, line: Line) => ({
      rows: [row],
      lines: [{ ...line, amountMinor: line.amountMinor + 1 }],
      kind: 'amount_mismatch',
    }),
    currency: (row: Row, line: Line) => ({
      rows: [row],
      lines: [{ ...line, currency: 'HKD' }],
      kind: 'currency_mismatch',
    }),
    double: (row: Row, line: Line) => ({
      rows: [row],
      lines: [line, line],
      kind: 'duplicate_line',
    }),
    ledger: (row: Row, line: Line) => ({
      rows: [{ ...row, ledgerMinor: row.ledgerMinor - 1 }],
      lines: [line],
      kind: 'ledger_mismatch',
    }),
  };

  const day = fc
    .array(
      fc.record({
        about,
        amountMinor: fc.integer({ min: 1, max: 1e9 }),
        plant: fc.constantFrom(...(Object.keys(plants) as (keyof typeof plants)[])),
      }),
      { maxLength: 60 },
    )
    .map((drawn) =>
      drawn.map(({ about, amountMinor, plant }, i) => {
        const line = { about, number: `n${i}`, amountMinor, currency: 'CNY' };
        const row: Row = { ...line, status: 'succeeded', ledgerMinor: amountMinor };
        const { kind, ...sides } = plants[plant](row, line);
        return { ...sides, expected: kind === undefined ? [] : [`${kind} ${about} n${i}`] };
      }),
    );

  test('yields the differences that were planted, and no others, in whatever order its rows come', () => {
    fc.assert(
      fc.property(
        day.chain((orders) =>
          fc.record({
            expected: fc.constant(orders.flatMap(({ expected }) => expected).toSorted()),
            rows: shuffled(orders.flatMap(({ rows }): Row[] => rows)),
            lines: shuffled(orders.flatMap(({ lines }): Line[] => lines)),
          }),
        ),
        ({ expected, rows, lines }) => {
          expect(reconcile(rows, lines)).toEqual(expected);
        },
      ),
    );
  });

  const shuffled = <T>(all: T[]) =>
    fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
});

describe('a day', () => {
  test('is the provider’s own', () => {
    const at = Date.parse('2026-11-22T16:30:00Z');
    expect(dateIn('Asia/Shanghai', at)).toBe('2026-11-23');
    expect(dateIn('UTC', at)).toBe('2026-11-22');
  });

  test('follows another, also over the turn of a year and a leap day', () => {
    expect(dayBefore('2027-01-01')).toBe('2026-12-31');
    expect(dayBefore('2028-03-01')).toBe('2028-02-29');
  });
});
