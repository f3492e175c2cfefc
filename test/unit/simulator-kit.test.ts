import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyBook, findPayment, findRefund } from '../../simulators/kit/book.ts';
import type { Book, OpenedPayment, Payment } from '../../simulators/kit/book.ts';
import { applyEvent } from '../../simulators/kit/events.ts';
import { createFaultScript, faultsSchema } from '../../simulators/kit/faults.ts';
import { openLedger } from '../../simulators/kit/journal.ts';
import { movementsOf } from '../../simulators/kit/movements.ts';
import * as rules from '../../simulators/kit/rules.ts';
import type { Ruling } from '../../simulators/kit/rules.ts';

const target = { account: 'm1', outTradeNo: 'o1' };

const order: OpenedPayment = {
  ...target,
  providerTradeNo: null,
  method: 'native',
  amountMinor: 1000,
  currency: 'CNY',
  subject: 'tea',
  terms: 'tea 1000',
  capture: 'automatic',
  expiresAtMs: 100,
  openedAtMs: 0,
  details: { code: 'c1' },
};
const manual: OpenedPayment = { ...order, capture: 'manual' };
const act = { providerTradeNo: 'T1' };

function enter(book: Book, ruling: Ruling): string {
  if ('refusal' in ruling) return ruling.refusal;
  for (const event of ruling.events) applyEvent(book, event);
  return ruling.events.length > 0 ? 'done' : 'nothing new';
}

function opened(payment: OpenedPayment): { book: Book; payment: Payment } {
  const book = emptyBook();
  enter(book, rules.open(book, payment));
  return { book, payment: sure(findPayment(book, payment)) };
}

function paid(payment: OpenedPayment = order): { book: Book; payment: Payment } {
  const made = opened(payment);
  enter(made.book, rules.pay(made.payment, act, 1));
  return made;
}

function refund(book: Book, payment: Payment, refundNo: string, amountMinor: number): string {
  const terms = String(amountMinor);
  const made = { refundNo, providerRefundNo: `R${refundNo}`, amountMinor, terms, atMs: 2 };
  return enter(book, rules.refund(book, payment, { ...made, isExternal: false }));
}

function sure<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('it is not there');
  return value;
}

describe('a payment', () => {
  test('opened again in the same terms is nothing new, in other terms a conflict', () => {
    const { book } = opened(order);
    expect(enter(book, rules.open(book, order))).toBe('nothing new');
    expect(enter(book, rules.open(book, { ...order, terms: 'tea 999' }))).toBe('conflict');
    expect(enter(book, rules.open(book, { ...order, account: 'm2' }))).toBe('done');
  });

  test('is paid once, even by force', () => {
    const { book, payment } = paid();
    expect(payment).toMatchObject({ status: 'paid', capturedMinor: 1000, captures: 1 });
    expect(book.byProviderTradeNo.get('T1')).toBe(payment);
    expect(enter(book, rules.pay(payment, { ...act, force: true }, 2))).toBe('paid');
  });

  test('closed or expired is paid only by force', () => {
    const closed = opened(order);
    enter(closed.book, rules.close(closed.payment, 1));
    expect(enter(closed.book, rules.pay(closed.payment, act, 2))).toBe('closed');
    expect(enter(closed.book, rules.pay(closed.payment, { ...act, force: true }, 2))).toBe('done');
    const late = opened(order);
    expect(enter(late.book, rules.pay(late.payment, act, 100))).toBe('expired');
    expect(rules.expire(late.payment, 100)).toHaveLength(1);
    expect(enter(late.book, rules.pay(late.payment, { ...act, force: true }, 100))).toBe('done');
    expect(rules.expire(late.payment, 101)).toEqual([]);
  });

  test('that is held is captured once, and no more than was held', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 1500 }), { maxLength: 8 }), (amounts) => {
        const { book, payment } = paid(manual);
        for (const amountMinor of amounts) enter(book, rules.capture(payment, amountMinor, 3));
        const first = amounts.find((amountMinor) => amountMinor > 0 && amountMinor <= 1000);
        expect(payment.captures).toBe(first === undefined ? 0 : 1);
        expect(payment.capturedMinor).toBe(first ?? 0);
      }),
    );
  });

  test('that is held can be let go, one that was captured cannot', () => {
    const held = paid(manual);
    expect(enter(held.book, rules.close(held.payment, 2))).toBe('done');
    expect(enter(held.book, rules.capture(held.payment, 1, 3))).toBe('closed');
    const { book, payment } = paid();
    expect(enter(book, rules.close(payment, 2))).toBe('paid');
  });
});

describe('a refund', () => {
  test('is asked for as often as one likes: never more is given back than was taken', () => {
    const step = fc.record({
      verb: fc.constantFrom('refund', 'settle', 'bounce', 'close', 'external'),
      refundNo: fc.constantFrom('1', '2', '3', '4'),
      amountMinor: fc.integer({ min: -1, max: 700 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { book, payment } = paid();
        for (const { verb, refundNo, amountMinor } of steps) {
          const refundOf = findRefund(book, { account: 'm1', refundNo })?.refund;
          if (verb === 'refund') refund(book, payment, refundNo, amountMinor);
          if (verb === 'external') {
            const made = { refundNo: `x${refundNo}`, providerRefundNo: 'P', amountMinor };
            enter(book, rules.externalRefund(book, payment, { ...made, terms: '', atMs: 3 }));
          }
          if (!refundOf) continue;
          if (verb === 'settle') enter(book, rules.settleRefund(payment, refundOf, 3));
          if (verb === 'close') enter(book, rules.closeRefund(payment, refundOf, 3));
          if (verb === 'bounce') {
            const ruling = rules.bounceRefund(payment, refundOf, { canBounceSettled: true }, 3);
            enter(book, ruling);
          }
          const back = payment.refunds.filter(({ status }) => status === 'succeeded');
          const backMinor = back.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
          expect(backMinor).toBeLessThanOrEqual(payment.capturedMinor);
          expect(rules.refundableMinor(payment)).toBeGreaterThanOrEqual(0);
          expect(payment.refunds.every(({ executions }) => executions <= 1)).toBe(true);
        }
      }),
    );
  });

  test('repeated in the same terms is nothing new, in other terms a conflict', () => {
    const { book, payment } = paid();
    expect(refund(book, payment, '1', 300)).toBe('done');
    expect(refund(book, payment, '1', 300)).toBe('nothing new');
    expect(refund(book, payment, '1', 301)).toBe('conflict');
    expect(refund(book, payment, '2', 701)).toBe('exceedsCaptured');
  });

  test('of what was not paid is refused', () => {
    const { book, payment } = opened(order);
    expect(refund(book, payment, '1', 300)).toBe('notPaid');
  });
});

test('a dispute is decided once, but what was lost may be won late', () => {
  const { book, payment } = paid();
  const words = { amountMinor: 1000, reason: 'fraud', status: 'open' as const, atMs: 5 };
  const dispute = { disputeNo: 'd1', ...words };
  const move = (to: 'won' | 'lost' | 'open') =>
    enter(book, rules.moveDispute(payment, sure(payment.disputes[0]), to, 6));
  expect(enter(book, rules.openDispute(payment, dispute))).toBe('done');
  expect(enter(book, rules.openDispute(payment, dispute))).toBe('alreadyDisputed');
  expect(move('lost')).toBe('done');
  expect(move('open')).toBe('disputeDecided');
  expect(move('won')).toBe('done');
  expect(move('lost')).toBe('disputeDecided');
  expect(payment.disputes[0]).toMatchObject({
    status: 'won',
    moves: [
      { amountMinor: -1000, atMs: 5 },
      { amountMinor: 1000, atMs: 6 },
    ],
  });
});

test('a statement lists what moved in its day and nothing else', () => {
  const { book, payment } = paid();
  refund(book, payment, '1', 300);
  enter(book, rules.settleRefund(payment, sure(payment.refunds[0]), 10));
  const kinds = (fromMs: number, untilMs: number) =>
    movementsOf(book, { account: 'm1', fromMs, untilMs }).map(({ kind }) => kind);
  expect(kinds(0, 11)).toEqual(['payment', 'refund']);
  expect(kinds(2, 10)).toEqual([]);
  expect(movementsOf(book, { account: 'm2', fromMs: 0, untilMs: 11 })).toEqual([]);
});

test('a journal whose last line was torn is read up to there', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'kit-'));
  const first = openLedger(dataDir);
  first.record([{ type: 'opened', payment: order }]);
  first.record([{ type: 'closed', ...target, atMs: 5 }]);
  first.close();
  const path = join(dataDir, 'book.jsonl');
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, -5));
  const second = openLedger(dataDir);
  expect(findPayment(second.book, target)).toMatchObject({ status: 'open', terms: 'tea 1000' });
  second.close();
  await rm(dataDir, { recursive: true });
});

describe('a scripted fault', () => {
  test('with the same seed strikes the same calls', () => {
    const draw = () => {
      const script = createFaultScript();
      script.add({ call: 'query', kind: 'http500', probability: 0.3, seed: 42 });
      return Array.from({ length: 50 }, (_, i) =>
        script.takeForCall('query', { account: 'm1', outTradeNo: `o${i}` }),
      ).map((strike) => strike?.kind);
    };
    expect(draw()).toEqual(draw());
    expect(draw().filter(Boolean).length).toBeGreaterThan(5);
    expect(draw().filter(Boolean).length).toBeLessThan(25);
  });

  test('strikes its own call, number and account, as often as it was told', () => {
    const script = createFaultScript();
    script.add({ call: 'refund', kind: 'bounce', times: 2, outTradeNo: 'o1' });
    expect(script.takeForCall('refund', target)).toBeUndefined();
    expect(script.takeBounce({ ...target, outTradeNo: 'o2' })).toBeUndefined();
    expect(script.takeBounce(target)).toEqual({ kind: 'bounce', delayMs: 0 });
    expect(script.list()).toHaveLength(1);
    expect(script.takeBounce(target)).toBeDefined();
    expect(script.takeBounce(target)).toBeUndefined();
    expect(script.list()).toEqual([]);
  });

  test.each([
    { call: 'query', kind: 'forged' },
    { call: 'notify', kind: 'http500' },
    { call: 'create', kind: 'bounce' },
    { kind: 'unsigned' },
    { kind: 'nonsense' },
  ])('that does not fit is refused: %j', (fault) => {
    expect(faultsSchema(['unsigned']).safeParse(fault).success).toBe(false);
  });
});
