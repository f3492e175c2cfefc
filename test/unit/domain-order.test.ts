import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideOnOrder,
  decideOnRefusal,
  isEnded,
  nextPollMs,
  orderStatuses,
} from '../../domain/order.ts';
import type { CloseReason, OrderChange, OrderStatus } from '../../domain/order.ts';
import { decideOnBinding, decideOnReport, isOpen } from '../../domain/payment.ts';
import type {
  PaymentState,
  ProviderReport,
  ReportDecision,
  ReviewReason,
} from '../../domain/payment.ts';

const amountMinor = 1250;
const binding = { appId: 'A', sellerId: 'S', outTradeNo: 'N' };
const paidReport = {
  status: 'succeeded',
  paidMinor: amountMinor,
  currency: 'CNY',
  providerTradeNo: 'T1',
} as const satisfies ProviderReport;

/** All that can happen to an order: what its provider says, to whom, and a refusal to open the payment. */
type Happening =
  | { kind: 'report'; report: ProviderReport; binding: typeof binding; closeReason: CloseReason }
  | { kind: 'refusal' };

const report: fc.Arbitrary<ProviderReport> = fc.oneof(
  fc.constantFrom<ProviderReport>(
    { status: 'pending' },
    { status: 'absent' },
    { status: 'closed' },
    { status: 'unknown', providerStatus: 'NEW' },
    paidReport,
    { ...paidReport, providerTradeNo: 'T2' },
    { ...paidReport, paidMinor: 1 },
    { ...paidReport, currency: 'USD' },
  ),
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      report,
      binding: fc.oneof(
        { weight: 6, arbitrary: fc.constant(binding) },
        { weight: 1, arbitrary: fc.constant({ ...binding, appId: 'B' }) },
        { weight: 1, arbitrary: fc.constant({ ...binding, sellerId: 'R' }) },
      ),
      closeReason: fc.constantFrom<CloseReason>('expired', 'cancelled', 'closed_by_provider'),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'refusal' }) },
);

type Model = {
  order: { status: OrderStatus; reviewReason: ReviewReason | null };
  payment: PaymentState;
};

const opened: Model = {
  order: { status: 'pending', reviewReason: null },
  payment: { status: 'pending', amountMinor, currency: 'CNY', providerTradeNo: null },
};

/** One step, as the activities carry it out: the payment, then the order. */
function step(before: Model, event: Happening): { after: Model; change: OrderChange } {
  if (event.kind === 'refusal') {
    const change = decideOnRefusal(before.order);
    if (change.kind === 'none' || !isOpen(before.payment.status)) {
      return { after: before, change: { kind: 'none' } };
    }
    const payment: PaymentState = { ...before.payment, status: 'failed' };
    return { after: { order: changed(before.order, change), payment }, change };
  }
  const bound = decideOnBinding(binding, event.binding);
  const decision = bound.kind === 'review' ? bound : decideOnReport(before.payment, event.report);
  const change = decideOnOrder(before.order, decision, event.closeReason);
  return {
    after: {
      order: changed(before.order, change),
      payment: decided(before.payment, decision, event.report),
    },
    change,
  };
}

function decided(
  payment: PaymentState,
  decision: ReportDecision,
  said: ProviderReport,
): PaymentState {
  if (decision.kind === 'settle' && said.status === 'succeeded') {
    return { ...payment, status: 'succeeded', providerTradeNo: said.providerTradeNo };
  }
  return decision.kind === 'close' ? { ...payment, status: 'closed' } : payment;
}

function changed(order: Model['order'], change: OrderChange): Model['order'] {
  switch (change.kind) {
    case 'none':
      return order;
    case 'review':
      return { status: change.status, reviewReason: change.reviewReason };
    case 'paid':
      return { status: 'paid', reviewReason: null };
    default:
      return { ...order, status: change.status };
  }
}

const run = (happenings: readonly Happening[]): Model =>
  happenings.reduce((model, event) => step(model, event).after, opened);

/** The event that tells of a change: named after the status, but for a review. */
function eventOf(change: OrderChange): { event?: string } {
  if (change.kind === 'none') return {};
  return { event: `order.${change.kind === 'review' ? 'review_required' : change.status}` };
}

const paysInFull = (event: Happening) =>
  event.kind === 'report' && event.binding === binding && event.report === paidReport;

describe('whatever is reported, in whatever order and however often', () => {
  const happenings = fc.array(happening, { maxLength: 12 });

  test('an end state is never left', () => {
    fc.assert(
      fc.property(happenings, (events) => {
        let model = opened;
        for (const event of events) {
          const { after } = step(model, event);
          const isLeft = isEnded(model.order.status) && after.order.status !== model.order.status;
          expect(isLeft).toBe(false);
          model = after;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('an order is paid only by the full amount in its currency', () => {
    fc.assert(
      fc.property(happenings, (events) => {
        const { order, payment } = run(events);
        fc.pre(order.status === 'paid');
        expect(payment.status).toBe('succeeded');
        expect(
          events.some(
            (event) =>
              event.kind === 'report' &&
              event.report.status === 'succeeded' &&
              event.report.paidMinor === amountMinor &&
              event.report.currency === 'CNY',
          ),
        ).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('money that arrived is never lost: the order is paid, or marked for a person', () => {
    fc.assert(
      fc.property(happenings, fc.nat({ max: 12 }), (events, at) => {
        const payment: Happening = {
          kind: 'report',
          report: paidReport,
          binding,
          closeReason: 'expired',
        };
        const model = run(events.toSpliced(at, 0, payment));
        expect(model.payment.status).toBe('succeeded');
        expect(model.order.status === 'paid' || model.order.reviewReason !== null).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('paid wins: before anything closed the payment, a full payment pays the order for good', () => {
    fc.assert(
      fc.property(happenings, happenings, (before, after) => {
        const isUndecided = run(before).payment.status === 'pending';
        fc.pre(isUndecided);
        const payment: Happening = {
          kind: 'report',
          report: paidReport,
          binding,
          closeReason: 'expired',
        };
        expect(run([...before, payment, ...after]).order.status).toBe('paid');
      }),
      { numRuns: 500 },
    );
  });

  test('the same thing twice in a row changes nothing the second time', () => {
    fc.assert(
      fc.property(happenings, happening, (events, event) => {
        const once = run([...events, event]);
        expect(step(once, event)).toEqual({ after: once, change: { kind: 'none' } });
      }),
      { numRuns: 500 },
    );
  });

  test('an order in review is never closed nor failed, only paid or kept for a person', () => {
    fc.assert(
      fc.property(happenings, happening, (events, event) => {
        const model = run(events);
        fc.pre(model.order.status === 'review');
        expect(['review', 'paid']).toContain(step(model, event).after.order.status);
      }),
      { numRuns: 500 },
    );
  });

  test('every change has its event, and nothing else has', () => {
    fc.assert(
      fc.property(happenings, (events) => {
        let model = opened;
        for (const event of events) {
          const { after, change } = step(model, event);
          const isOther = JSON.stringify(after.order) !== JSON.stringify(model.order);
          expect(isOther).toBe(change.kind !== 'none');
          expect(change).toMatchObject(eventOf(change));
          model = after;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a report for another app or seller never pays nor closes', () => {
    fc.assert(
      fc.property(happenings, happening, (events, event) => {
        fc.pre(event.kind === 'report' && event.binding !== binding);
        const model = run(events);
        expect(step(model, event).after.payment).toEqual(model.payment);
      }),
      { numRuns: 500 },
    );
  });

  test('the model does reach every status', () => {
    const reached = new Set<OrderStatus>();
    const count = { paid: 0 };
    fc.assert(
      fc.property(happenings, (events) => {
        reached.add(run(events).order.status);
        if (events.some(paysInFull)) count.paid += 1;
      }),
      { numRuns: 500, seed: 1 },
    );
    expect([...reached].toSorted()).toEqual([...orderStatuses].toSorted());
    expect(count.paid).toBeGreaterThan(50);
  });
});

describe('by example', () => {
  const pending = { status: 'pending', reviewReason: null } as const;

  test('a close says why', () => {
    expect(decideOnOrder(pending, { kind: 'close' }, 'cancelled')).toEqual({
      kind: 'closed',
      status: 'closed',
      event: 'order.closed',
      closeReason: 'cancelled',
    });
  });

  test('a late payment marks a closed order and leaves it closed', () => {
    const closed = { status: 'closed', reviewReason: null } as const;
    expect(decideOnOrder(closed, { kind: 'settle', late: true }, 'expired')).toEqual({
      kind: 'review',
      status: 'closed',
      event: 'order.review_required',
      reviewReason: 'late_payment',
    });
  });

  test('money for an order that has ended otherwise is late, whatever the payment thought', () => {
    for (const status of ['paid', 'closed', 'failed'] as const) {
      const ended = { status, reviewReason: null };
      expect(decideOnOrder(ended, { kind: 'settle', late: false }, 'expired')).toMatchObject({
        kind: 'review',
        status,
        reviewReason: 'late_payment',
      });
    }
  });

  test('a refusal fails a pending order and no other', () => {
    expect(decideOnRefusal(pending)).toEqual({
      kind: 'failed',
      status: 'failed',
      event: 'order.failed',
    });
    for (const status of ['review', 'paid', 'closed', 'failed'] as const) {
      expect(decideOnRefusal({ status })).toEqual({ kind: 'none' });
    }
  });
});

describe('how long to wait before asking the provider', () => {
  const polls = fc.nat({ max: 100_000 });

  test('grows from ten seconds to a minute', () => {
    const waits = [0, 1, 2, 3, 4].map((n) => nextPollMs({ polls: n, inReview: false }));
    expect(waits).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('is never shorter than ten seconds nor longer than a minute, in review than an hour', () => {
    fc.assert(
      fc.property(polls, fc.boolean(), (n, inReview) => {
        const waitMs = nextPollMs({ polls: n, inReview });
        expect(waitMs).toBeGreaterThanOrEqual(10_000);
        expect(waitMs).toBeLessThanOrEqual(inReview ? 3_600_000 : 60_000);
      }),
    );
  });

  test('never shrinks', () => {
    fc.assert(
      fc.property(polls, fc.boolean(), (n, inReview) => {
        const next = nextPollMs({ polls: n + 1, inReview });
        expect(next).toBeGreaterThanOrEqual(nextPollMs({ polls: n, inReview }));
      }),
    );
  });
});
