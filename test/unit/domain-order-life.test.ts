import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterResult,
  awaitsConfirmation,
  startStep,
  isStepDue,
  isUnfinished,
  newOrderLife,
  pollDelayMs,
  nextStep,
  withCommand,
} from '../../domain/order-life.ts';
import type { OrderCommand, OrderLife } from '../../domain/order-life.ts';
import { hasBeenPaid, isEnded, orderStatuses } from '../../domain/order.ts';

const status = fc.constantFrom(...orderStatuses);
const command = fc.constantFrom<OrderCommand>('capture', 'switch', 'resolve');
const result = fc.record({
  status,
  review: fc.option(fc.constant('amount_mismatch'), { nil: undefined }),
  hasOpenAttempts: fc.option(fc.boolean(), { nil: undefined }),
});
const life: fc.Arbitrary<OrderLife> = fc.record({
  status,
  polls: fc.nat(50),
  isConfirmed: fc.boolean(),
  hasOpenAttempts: fc.boolean(),
  isCancelRequested: fc.boolean(),
  commands: fc.uniqueArray(command),
});
const clock = fc.record({ nowMs: fc.nat(1_000_000), expiresAtMs: fc.nat(1_000_000) });

const opened = newOrderLife({ isConfirmed: true });
const before = { nowMs: 0, expiresAtMs: 1_000 };
const after = { nowMs: 1_000, expiresAtMs: 1_000 };

describe('what a step found', () => {
  test('never takes an order back from its end, except to late money that it accepts', () => {
    fc.assert(
      fc.property(life, result, (life, result) => {
        const then = afterResult(life, result);
        const isLateMoney = !hasBeenPaid(life.status) && hasBeenPaid(result.status);
        const isTaken = !isEnded(life.status) || isLateMoney;
        expect(then.status).toBe(isTaken ? result.status : life.status);
        expect(isEnded(life.status) && !isEnded(then.status)).toBe(false);
      }),
    );
  });

  test('never forgets an open attempt', () => {
    fc.assert(
      fc.property(life, fc.array(result), (life, results) => {
        const then = results.reduce(afterResult, life);
        const isFound = results.some(({ hasOpenAttempts }) => hasOpenAttempts);
        expect(then.hasOpenAttempts).toBe(life.hasOpenAttempts || isFound);
        expect(!then.hasOpenAttempts || isUnfinished(then)).toBe(true);
      }),
    );
  });

  test('says why an order is in review, and no longer once it is not', () => {
    const inReview = afterResult(opened, { status: 'review', review: 'amount_mismatch' });
    expect(inReview).toMatchObject({ status: 'review', review: 'amount_mismatch' });
    expect(afterResult(inReview, { status: 'paid' }).review).toBeUndefined();
  });
});

describe('the next step', () => {
  test('is a look at the provider where nothing else is due', () => {
    expect(nextStep(opened, before)).toEqual({ kind: 'query' });
    expect(isStepDue(opened, before)).toBe(false);
  });

  test('closes an expired order as expired, a cancelled one as cancelled', () => {
    expect(nextStep(opened, after)).toEqual({ kind: 'close', reason: 'expired' });
    const cancelled = { ...opened, isCancelRequested: true };
    expect(nextStep(cancelled, before)).toEqual({ kind: 'close', reason: 'cancelled' });
    expect(nextStep(cancelled, after)).toEqual({ kind: 'close', reason: 'expired' });
  });

  test('closes held money only when it is cancelled, and never as expired', () => {
    const held: OrderLife = { ...opened, status: 'authorized' };
    expect(nextStep(held, after)).toEqual({ kind: 'query' });
    const cancelled = { ...held, isCancelRequested: true };
    expect(nextStep(cancelled, after)).toEqual({ kind: 'close', reason: 'cancelled' });
  });

  test('never closes an order in review', () => {
    fc.assert(
      fc.property(life, clock, (life, clock) => {
        expect(nextStep({ ...life, status: 'review' }, clock).kind).not.toBe('close');
      }),
    );
  });

  test('asks to confirm before it carries out a command, and a command before it closes', () => {
    const held: OrderLife = { ...opened, status: 'authorized', isConfirmed: false };
    const busy = { ...withCommand(held, 'capture'), isCancelRequested: true };
    expect(nextStep(busy, before)).toEqual({ kind: 'confirm' });
    const asked = startStep(busy, { kind: 'confirm' });
    expect(awaitsConfirmation(asked)).toBe(false);
    expect(nextStep(asked, before)).toEqual({ kind: 'capture' });
    const captured = startStep(asked, { kind: 'capture' });
    expect(nextStep(captured, before)).toEqual({ kind: 'close', reason: 'cancelled' });
  });

  test('resolves a review first, then captures, then switches, each once', () => {
    let life = (['switch', 'capture', 'resolve', 'switch'] as const).reduce(withCommand, opened);
    const decisionToApply: string[] = [];
    while (life.commands.length > 0) {
      const step = nextStep(life, before);
      decisionToApply.push(step.kind);
      life = startStep(life, step);
    }
    expect(decisionToApply).toEqual(['resolve', 'capture', 'switch']);
  });

  test('is a look only where none is due, and every step brings the order on', () => {
    fc.assert(
      fc.property(life, clock, (life, clock) => {
        fc.pre(!isEnded(life.status));
        const step = nextStep(life, clock);
        expect(step.kind === 'query').toBe(!isStepDue(life, clock));
        const then = startStep(life, step);
        expect(then.polls).toBe(life.polls + 1);
        expect(then.status).toBe(life.status);
        expect(then.commands.length).toBe(life.commands.filter((one) => one !== step.kind).length);
      }),
    );
  });
});

test('the wait for the next look is positive, and no longer than what is left of a pending order', () => {
  fc.assert(
    fc.property(life, clock, (life, clock) => {
      const waitMs = pollDelayMs({ ...life, status: 'pending' }, clock);
      expect(waitMs).toBeGreaterThanOrEqual(1);
      expect(waitMs).toBeLessThanOrEqual(Math.max(1, clock.expiresAtMs - clock.nowMs));
      expect(pollDelayMs({ ...life, status: 'authorized' }, clock)).toBeGreaterThanOrEqual(10_000);
    }),
  );
});
