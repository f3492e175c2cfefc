import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccountId } from '../../domain/ids.ts';
import { healthOf, rankRoutes } from '../../domain/routing.ts';
import type { AccountOffer, OrderWanted } from '../../domain/routing.ts';

const offer = (id: string, fields: Partial<AccountOffer> = {}): AccountOffer => ({
  id: `acc_${id}`,
  provider: 'alipay',
  enabled: true,
  methods: null,
  currencies: null,
  leastMinor: null,
  mostMinor: null,
  priority: 100,
  weight: 1,
  health: 'healthy',
  ...fields,
});
const qr = {
  method: 'alipay.qr',
  traits: { provider: 'alipay', currencies: ['CNY'], canAuthorize: false, needs: [] },
} as const;
const card = {
  method: 'stripe.checkout',
  traits: { provider: 'stripe', currencies: 'any', canAuthorize: true, needs: [] },
} as const;
const wanted: OrderWanted = {
  currency: 'CNY',
  amountMinor: 1250,
  capture: 'automatic',
  payerKnown: [],
  tried: [],
  methods: [qr, card],
};
const half = () => 0.5;
const firstOf = (accounts: AccountOffer[], order: OrderWanted = wanted, random = half) =>
  rankRoutes(accounts, order, random)[0];

describe('the router', () => {
  test('takes the method the merchant prefers, then the account of lower priority', () => {
    const accounts = [
      offer('s', { provider: 'stripe', priority: 1 }),
      offer('b', { priority: 2 }),
      offer('a', { priority: 3 }),
    ];
    expect(firstOf(accounts)).toMatchObject({ accountId: 'acc_b', method: 'alipay.qr' });
  });

  test('keeps away from a failing account, and still takes it when there is no other', () => {
    const ill = offer('ill', { priority: 1, health: 'open' });
    expect(firstOf([ill, offer('well')])).toMatchObject({ accountId: 'acc_well' });
    expect(firstOf([ill, offer('s', { provider: 'stripe' })])).toMatchObject({
      accountId: 'acc_s',
    });
    expect(firstOf([ill])).toMatchObject({ accountId: 'acc_ill', verdict: 'fits' });
  });

  test('lets a little through to an account that failed a while ago', () => {
    const accounts = [offer('probed', { priority: 1, health: 'probing' }), offer('well')];
    expect(firstOf(accounts, wanted, () => 0.05)).toMatchObject({ accountId: 'acc_probed' });
    expect(firstOf(accounts, wanted, () => 0.5)).toMatchObject({ accountId: 'acc_well' });
  });

  test.each([
    ['disabled', { enabled: false }, {}],
    ['method_not_offered', { methods: ['alipay.page'] }, {}],
    ['currency_not_offered', {}, { currency: 'USD' }],
    ['currency_not_offered', { currencies: ['USD'] }, {}],
    ['amount_below_least', { leastMinor: 1_251 }, {}],
    ['amount_above_most', { mostMinor: 1_249 }, {}],
    ['cannot_authorize', {}, { capture: 'manual' as const }],
  ] as const)('says %s', (verdict, fields, order) => {
    const account = offer('a', fields as Partial<AccountOffer>);
    expect(firstOf([account], { ...wanted, ...order })).toMatchObject({ verdict });
  });

  test('asks for what a method must know of the payer', () => {
    const way = { method: 'x', traits: { ...qr.traits, needs: ['ip'] } };
    const order = { ...wanted, methods: [way] };
    expect(firstOf([offer('a')], order)).toMatchObject({ verdict: 'payer_unknown' });
    expect(firstOf([offer('a')], { ...order, payerKnown: ['ip'] })).toMatchObject({
      verdict: 'fits',
    });
  });

  test('never offers again what was tried, and lists every way exactly once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat({ max: 5 })),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (priorities, triedAt, draws) => {
          const accounts = priorities.map((priority, i) => offer(String(i), { priority }));
          const tried = triedAt.map((i) => `acc_${i}` as AccountId);
          const random = () => draws.next().value as number;
          const routes = rankRoutes(accounts, { ...wanted, methods: [qr], tried }, random);
          expect(new Set(routes.map(({ accountId }) => accountId)).size).toBe(accounts.length);
          const fitting = routes.filter(({ verdict }) => verdict === 'fits');
          for (const accountId of tried) {
            expect(fitting.map((route) => route.accountId)).not.toContain(accountId);
          }
          const order = fitting.map(({ priority }) => priority);
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        },
      ),
    );
  });

  test('shares the orders of one priority out by weight', () => {
    const accounts = [
      offer('a', { weight: 3 }),
      offer('b', { weight: 1 }),
      offer('c', { weight: 0 }),
    ];
    let seed = 7;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const taken: Record<string, number> = {};
    for (let i = 0; i < 4_000; i++) {
      const id = firstOf(accounts, wanted, random)!.accountId;
      taken[id] = (taken[id] ?? 0) + 1;
    }
    expect((taken['acc_a'] ?? 0) / (taken['acc_b'] ?? 1)).toBeGreaterThan(2.6);
    expect((taken['acc_a'] ?? 0) / (taken['acc_b'] ?? 1)).toBeLessThan(3.4);
    expect(taken['acc_c']).toBeUndefined();
  });
});

describe('an account’s health', () => {
  const nowMs = 1_000_000;
  const bucket = (agoMs: number, succeeded: number, failed: number) => ({
    atMs: nowMs - agoMs,
    succeeded,
    failed,
  });

  test('opens when half of the last minute’s calls failed, and at least five', () => {
    expect(healthOf([bucket(5_000, 4, 4)], nowMs)).toBe('healthy');
    expect(healthOf([bucket(5_000, 6, 5)], nowMs)).toBe('healthy');
    expect(healthOf([bucket(5_000, 5, 5)], nowMs)).toBe('open');
    expect(healthOf([bucket(70_000, 0, 50)], nowMs)).toBe('healthy');
  });

  test('is probed once the newest failure is old, and heals by successes', () => {
    expect(healthOf([bucket(25_000, 0, 5)], nowMs)).toBe('probing');
    expect(healthOf([bucket(25_000, 0, 5), bucket(5_000, 6, 0)], nowMs)).toBe('healthy');
  });
});
