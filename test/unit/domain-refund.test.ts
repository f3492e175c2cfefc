import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { positionOfDispute, positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import type { Position } from '../../domain/ledger.ts';
import {
  decideOnRefundReport,
  decideOnRefundRequest,
  isReserving,
  refundStatuses,
  refundableMinor,
} from '../../domain/refund.ts';
import type { RefundReport, RefundStatus } from '../../domain/refund.ts';

const amount = fc.integer({ min: 1, max: 1_000 });
const refund = fc.record({ status: fc.constantFrom(...refundStatuses), amountMinor: amount });
const report: fc.Arbitrary<RefundReport> = fc.oneof(
  fc.constantFrom<RefundReport>(
    { status: 'pending' },
    { status: 'absent' },
    { status: 'unknown', providerStatus: 'NEW' },
    { status: 'failed', code: 'NO' },
    { status: 'needs_attention', code: 'ABNORMAL' },
  ),
  amount.map((refundedMinor) => ({
    status: 'succeeded' as const,
    refundedMinor,
    currency: 'CNY',
    providerRefundNo: 'P1',
  })),
);

describe('what may be given back', () => {
  test('however many requests, those granted never exceed what was taken', () => {
    fc.assert(
      fc.property(
        amount,
        fc.array(fc.option(amount, { nil: undefined })),
        (capturedMinor, asked) => {
          const refunds: { status: RefundStatus; amountMinor: number }[] = [];
          for (const amountMinor of asked) {
            const decision = decideOnRefundRequest({ capturedMinor, refunds, amountMinor });
            if (decision.kind === 'reserve') {
              refunds.push({ status: 'pending', amountMinor: decision.amountMinor });
            }
          }
          const total = refunds.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
          expect(total).toBeLessThanOrEqual(capturedMinor);
        },
      ),
    );
  });

  test('is what is neither given nor on its way', () => {
    fc.assert(
      fc.property(amount, fc.array(refund), (capturedMinor, refunds) => {
        const reserved = refunds
          .filter(({ status }) => status === 'pending' || status === 'succeeded')
          .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
        expect(refundableMinor(capturedMinor, refunds)).toBe(Math.max(0, capturedMinor - reserved));
      }),
    );
  });

  test('without an amount is all that is left, and nothing is refused', () => {
    const refunds = [{ status: 'succeeded', amountMinor: 40 } as const];
    const ask = (amountMinor?: number) =>
      decideOnRefundRequest({ capturedMinor: 100, refunds, amountMinor });
    expect(ask()).toEqual({ kind: 'reserve', amountMinor: 60 });
    expect(ask(61)).toEqual({ kind: 'refused', refundableMinor: 60 });
    expect(ask(0)).toEqual({ kind: 'refused', refundableMinor: 60 });
  });
});

describe('what a provider answers about a refund', () => {
  const pending = { status: 'pending', amountMinor: 100, currency: 'CNY' } as const;
  const done: RefundReport = {
    status: 'succeeded',
    refundedMinor: 100,
    currency: 'CNY',
    providerRefundNo: 'P1',
  };

  test('twice changes nothing the second time', () => {
    fc.assert(
      fc.property(refund, report, (own, said) => {
        const first = decideOnRefundReport({ ...own, currency: 'CNY' }, said);
        fc.pre(first.kind === 'succeed' || first.kind === 'fail');
        const status = first.kind === 'succeed' ? 'succeeded' : first.status;
        const after = { ...own, currency: 'CNY', status } as const;
        expect(decideOnRefundReport(after, said)).toEqual({ kind: 'unchanged' });
      }),
    );
  });

  test('a bounce takes a success back, and frees the amount', () => {
    const bounced = decideOnRefundReport(
      { ...pending, status: 'succeeded' },
      { status: 'needs_attention', code: 'ABNORMAL' },
    );
    expect(bounced).toEqual({ kind: 'fail', status: 'needs_attention', code: 'ABNORMAL' });
    expect(isReserving('needs_attention')).toBe(false);
  });

  test('another amount or currency is for a person', () => {
    for (const said of [
      { ...done, refundedMinor: 99 },
      { ...done, currency: 'USD' },
    ]) {
      expect(decideOnRefundReport(pending, said)).toEqual({
        kind: 'review',
        reason: 'refund_mismatch',
      });
    }
  });

  test('not knowing is neither yes nor no', () => {
    for (const status of refundStatuses) {
      for (const said of ['absent', 'pending'] as const) {
        expect(decideOnRefundReport({ ...pending, status }, { status: said })).toEqual({
          kind: 'unchanged',
        });
      }
    }
  });
});

describe('the books', () => {
  const sum = (lines: readonly { amountMinor: number }[]) =>
    lines.reduce((total, { amountMinor }) => total + amountMinor, 0);

  test('balance at every step of a refund and of a dispute, and end where they began once undone', () => {
    fc.assert(
      fc.property(
        amount,
        fc.array(fc.constantFrom(...refundStatuses), { maxLength: 8 }),
        fc.constantFrom('won' as const, 'lost' as const),
        (amountMinor, statuses, outcome) => {
          const steps: Position[] = [
            ...[undefined, ...statuses, 'failed' as const].map((status) =>
              positionOfRefund(status, amountMinor),
            ),
            ...([undefined, 'open', outcome] as const).map((status) =>
              positionOfDispute(status, amountMinor),
            ),
          ];
          const booked: Record<string, number> = {};
          for (const [i, after] of steps.entries()) {
            const posting = postingBetween(`t${i}`, steps[i - 1] ?? {}, after);
            expect(sum(posting?.lines ?? [])).toBe(0);
            for (const line of posting?.lines ?? []) {
              booked[line.book] = (booked[line.book] ?? 0) + line.amountMinor;
            }
          }
          const gone = outcome === 'lost' ? amountMinor : 0;
          expect(booked['merchant'] ?? 0).toBe(gone);
          expect(booked['provider'] ?? 0).toBe(-gone || 0);
          expect(booked['refunds'] ?? 0).toBe(0);
          expect(booked['disputes'] ?? 0).toBe(0);
        },
      ),
    );
  });
});
