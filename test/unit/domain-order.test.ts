import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decisionToApply,
  decideOnOrder,
  decideOnRefusal,
  hasBeenPaid,
  isEnded,
  nextPollMs,
  orderStatuses,
  statusOfRefunded,
} from '../../domain/order.ts';
import type { CloseReason, OrderChange, OrderState, OrderStatus } from '../../domain/order.ts';
import { awaitsPayer, decideOnReport } from '../../domain/payment.ts';
import type {
  PaymentState,
  ProviderReport,
  ReportDecision,
  Surplus,
} from '../../domain/payment.ts';

const amountMinor = 1250;
const paid = {
  status: 'succeeded',
  paidMinor: amountMinor,
  currency: 'CNY',
  providerTradeNo: 'T1',
} as const satisfies ProviderReport;
const held = {
  status: 'authorized',
  authorizedMinor: amountMinor,
  currency: 'CNY',
  providerTradeNo: 'T1',
} as const satisfies ProviderReport;

type Attempt = PaymentState & { surplus: Surplus | null };
/** An order with two attempts: the payer switched, or an account failed. */
type Model = { order: OrderState; attempts: [Attempt, Attempt] };
type Happening = { attempt: 0 | 1; report: ProviderReport; closeReason: CloseReason };

const happening: fc.Arbitrary<Happening> = fc.record({
  attempt: fc.constantFrom(0 as const, 1 as const),
  report: fc.constantFrom<ProviderReport>(
    { status: 'pending' },
    { status: 'absent' },
    { status: 'closed' },
    { status: 'unknown', providerStatus: 'NEW' },
    paid,
    held,
    { ...paid, providerTradeNo: 'T2' },
    { ...paid, paidMinor: 1 },
    { ...paid, currency: 'USD' },
  ),
  closeReason: fc.constantFrom<CloseReason>('expired', 'cancelled', 'closed_by_provider'),
});
const happenings = fc.array(happening, { maxLength: 12 });
const opened: fc.Arbitrary<Model> = fc
  .record({
    latePayment: fc.constantFrom('refund' as const, 'accept' as const),
    capture: fc.constantFrom('automatic' as const, 'manual' as const),
  })
  .map(({ latePayment, capture }) => {
    const attempt: Attempt = {
      status: 'pending',
      amountMinor,
      currency: 'CNY',
      providerTradeNo: null,
      capture,
      surplus: null,
    };
    return {
      order: { status: 'pending', reviewReason: null, latePayment, switchRequestedTo: null },
      attempts: [attempt, attempt],
    };
  });

/** One step, as the activities carry it out: the payment, then the order. */
function step(before: Model, { attempt, report, closeReason }: Happening) {
  const other = before.attempts[1 - attempt]!;
  const own = before.attempts[attempt];
  const siblings = {
    hasMoney: !other.surplus && (other.status === 'succeeded' || other.status === 'authorized'),
    hasOpen: awaitsPayer(other.status),
  };
  const decision = decideOnReport(own, report);
  const change = decideOnOrder(before.order, decision, { siblings, closeReason });
  const attempts: Model['attempts'] = [...before.attempts];
  attempts[attempt] = decided(own, decisionToApply(decision, change), change);
  return { after: { order: changed(before.order, change), attempts }, change };
}

function decided(own: Attempt, decision: ReportDecision, change: OrderChange): Attempt {
  const surplus = change.kind === 'surplus' ? change.surplus : null;
  switch (decision.kind) {
    case 'settle':
      return {
        ...own,
        status: 'succeeded',
        providerTradeNo: decision.providerTradeNo,
        surplus,
      };
    case 'authorize':
      return {
        ...own,
        status: 'authorized',
        providerTradeNo: decision.providerTradeNo,
        surplus,
      };
    case 'close':
      return { ...own, status: 'closed' };
    default:
      return own;
  }
}

function changed(order: OrderState, change: OrderChange): OrderState {
  switch (change.kind) {
    case 'none':
    case 'surplus':
      return order;
    case 'review':
      return { ...order, status: change.status, reviewReason: change.reviewReason };
    default:
      return { ...order, status: change.status, reviewReason: null };
  }
}

const run = (model: Model, events: readonly Happening[]): Model =>
  events.reduce((now, event) => step(now, event).after, model);

describe('whatever is reported of whichever attempt, in whatever order and however often', () => {
  test('a paid order stays paid, and a closed one is left only by money it accepts', () => {
    fc.assert(
      fc.property(opened, happenings, (model, events) => {
        let now = model;
        for (const event of events) {
          const { after } = step(now, event);
          const [from, to] = [now.order.status, after.order.status];
          expect(hasBeenPaid(from) && to !== from).toBe(false);
          const isLeft = from === 'closed' && to !== 'closed';
          const isAccepted = now.order.latePayment === 'accept' && to === 'paid';
          expect(!isLeft || isAccepted).toBe(true);
          now = after;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('one attempt at most brings the order its money; every other that was taken is surplus', () => {
    fc.assert(
      fc.property(opened, happenings, (model, events) => {
        const { order, attempts } = run(model, events);
        const taken = attempts.filter(({ status }) => status === 'succeeded');
        const kept = taken.filter(({ surplus }) => surplus === null);
        expect(kept.length).toBeLessThanOrEqual(1);
        expect(order.status === 'paid').toBe(kept.length === 1);
      }),
      { numRuns: 1_000 },
    );
  });

  test('paid wins: a full payment before any end pays the order for good', () => {
    fc.assert(
      fc.property(opened, happenings, happenings, (model, before, after) => {
        const now = run(model, before);
        // Held by the other attempt, it would be a second payment.
        fc.pre(!isEnded(now.order.status) && now.attempts[1].status !== 'authorized');
        fc.pre(now.attempts[0].status === 'pending');
        const event: Happening = { attempt: 0, report: paid, closeReason: 'expired' };
        expect(run(now, [event, ...after]).order.status).toBe('paid');
      }),
      { numRuns: 500 },
    );
  });

  test('the same thing twice in a row changes nothing the second time', () => {
    fc.assert(
      fc.property(opened, happenings, happening, (model, events, event) => {
        const once = run(model, [...events, event]);
        expect(step(once, event)).toEqual({ after: once, change: { kind: 'none' } });
      }),
      { numRuns: 1_000 },
    );
  });

  test('an order in review is never closed, only paid, held, or kept for a person', () => {
    fc.assert(
      fc.property(opened, happenings, happening, (model, events, event) => {
        const now = run(model, events);
        fc.pre(now.order.status === 'review');
        expect(['review', 'paid', 'authorized']).toContain(step(now, event).after.order.status);
      }),
      { numRuns: 500 },
    );
  });

  test('an order is closed only when none of its attempts can be paid any more', () => {
    fc.assert(
      fc.property(opened, happenings, (model, events) => {
        const { order, attempts } = run(model, events);
        fc.pre(order.status === 'closed');
        expect(attempts.some(({ status }) => awaitsPayer(status))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('every change of the order has its event, and nothing else has', () => {
    fc.assert(
      fc.property(opened, happenings, (model, events) => {
        let now = model;
        for (const event of events) {
          const { after, change } = step(now, event);
          const isOther = JSON.stringify(after.order) !== JSON.stringify(now.order);
          expect(!isOther || 'event' in change).toBe(true);
          expect(isOther && change.kind === 'none').toBe(false);
          now = after;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('the model does reach every status that reports lead to', () => {
    const reached = new Set<OrderStatus>();
    fc.assert(
      fc.property(opened, happenings, (model, events) => {
        reached.add(run(model, events).order.status);
      }),
      { numRuns: 1_000, seed: 1 },
    );
    expect([...reached].toSorted()).toEqual(['authorized', 'closed', 'paid', 'pending', 'review']);
  });
});

describe('by example', () => {
  const pending: OrderState = {
    status: 'pending',
    reviewReason: null,
    latePayment: 'refund',
    switchRequestedTo: null,
  };
  const alone = {
    siblings: { hasMoney: false, hasOpen: false },
    closeReason: 'cancelled',
  } as const;
  const settle: ReportDecision = { kind: 'settle', capturedMinor: 1250, providerTradeNo: 'T1' };

  test('a close says why', () => {
    expect(decideOnOrder(pending, { kind: 'close' }, alone)).toEqual({
      kind: 'closed',
      status: 'closed',
      event: 'order.closed',
      closeReason: 'cancelled',
    });
  });

  test('closing one attempt while another takes its place closes no order', () => {
    const switching = { ...pending, switchRequestedTo: 'stripe.checkout' };
    expect(decideOnOrder(switching, { kind: 'close' }, alone)).toEqual({ kind: 'none' });
  });

  test('late money is surplus, or pays the order where it says so', () => {
    const closed = { ...pending, status: 'closed' } as const;
    expect(decideOnOrder(closed, settle, alone)).toEqual({
      kind: 'surplus',
      surplus: 'late',
      event: 'order.late_payment',
    });
    expect(decideOnOrder({ ...closed, latePayment: 'accept' }, settle, alone)).toMatchObject({
      kind: 'paid',
    });
  });

  test('a second payment is surplus, whatever the policy for late ones', () => {
    for (const latePayment of ['refund', 'accept'] as const) {
      for (const status of ['paid', 'partially_refunded', 'refunded'] as const) {
        expect(decideOnOrder({ ...pending, status, latePayment }, settle, alone)).toMatchObject({
          kind: 'surplus',
          surplus: 'duplicate',
        });
      }
    }
  });

  test('a refusal fails a pending order and no other', () => {
    expect(decideOnRefusal(pending)).toEqual({
      kind: 'failed',
      status: 'failed',
      event: 'order.failed',
    });
    for (const status of orderStatuses.filter((one) => one !== 'pending')) {
      expect(decideOnRefusal({ status })).toEqual({ kind: 'none' });
    }
  });

  test('a paid order’s status follows what was given back, both ways', () => {
    const of = (refundedMinor: number, status: OrderStatus = 'paid') =>
      statusOfRefunded({ status, capturedMinor: 100, refundedMinor });
    expect([of(0), of(1), of(99), of(100)]).toEqual([
      'paid',
      'partially_refunded',
      'partially_refunded',
      'refunded',
    ]);
    // A refund that had succeeded bounced.
    expect(of(40, 'refunded')).toBe('partially_refunded');
    expect(of(100, 'closed')).toBe('closed');
  });
});

describe('how long to wait before asking the provider', () => {
  const polls = fc.nat({ max: 100_000 });

  test('grows from ten seconds to a minute', () => {
    const waits = [0, 1, 2, 3, 4].map((n) => nextPollMs({ polls: n, isIdle: false }));
    expect(waits).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('is never shorter than ten seconds nor longer than a minute, while nothing is expected than an hour', () => {
    fc.assert(
      fc.property(polls, fc.boolean(), (n, isIdle) => {
        const waitMs = nextPollMs({ polls: n, isIdle });
        expect(waitMs).toBeGreaterThanOrEqual(10_000);
        expect(waitMs).toBeLessThanOrEqual(isIdle ? 3_600_000 : 60_000);
      }),
    );
  });

  test('never shrinks', () => {
    fc.assert(
      fc.property(polls, fc.boolean(), (n, isIdle) => {
        const next = nextPollMs({ polls: n + 1, isIdle });
        expect(next).toBeGreaterThanOrEqual(nextPollMs({ polls: n, isIdle }));
      }),
    );
  });
});
