import { describe, expect, test } from 'vitest';
import { atOnce } from '../../domain/at-once.ts';
import { checkFilter, compileFilter, explainFilter } from '../../domain/filter.ts';
import type { Filter } from '../../domain/filter.ts';

const order = {
  id: 'evt_1',
  type: 'order.paid',
  timestamp: '2026-11-22T09:30:00.000Z',
  data: {
    id: 'ord_1',
    amountMinor: 1250,
    currency: 'CNY',
    paidAt: '2026-11-22T09:29:59.000Z',
    closedAt: null,
    isTest: false,
    metadata: { cart: '77', 'a.b': 'dotted', 'c\\d': 'slashed' },
    methods: ['alipay.qr', 'wechat-pay.native'],
    refunds: [
      { status: 'failed', amountMinor: 100 },
      { status: 'succeeded', amountMinor: 900 },
    ],
    matrix: [[{ x: 1 }], [{ x: 2 }]],
    counts: { 0: 'zero' },
  },
};
const matches = (filter: Filter, event: unknown = order) => compileFilter(filter)(event);

describe('an order of 12.50 that was paid', () => {
  test.each<[Filter]>([
    [{}],
    [{ type: 'order.paid' }],
    [{ 'data.amountMinor': 1250 }],
    [{ 'data.amountMinor': { $eq: 1250, $gt: 1249, $gte: 1250, $lt: 1251, $lte: 1250 } }],
    [{ 'data.currency': { $ne: 'USD' } }],
    [{ 'data.currency': { $in: ['USD', 'CNY'] } }],
    [{ 'data.currency': { $nin: ['USD', 'EUR'] } }],
    [{ 'data.paidAt': { $gte: '2026-11-22', $lt: '2026-11-23' } }],
    [{ type: { $startsWith: 'order.', $endsWith: '.paid', $contains: 'r.p' } }],
    [{ 'data.methods': { $contains: 'alipay.qr' } }],
    [{ 'data.closedAt': null }],
    [{ 'data.closedAt': { $exists: true } }],
    [{ 'data.isTest': false }],
    [{ 'data.nothing': { $exists: false, $ne: 1, $nin: [1] } }],
    [{ 'data.metadata.cart': '77' }],
    [{ 'data.metadata.a\\.b': 'dotted' }],
    [{ 'data.metadata.c\\\\d': 'slashed' }],
    [{ 'data.refunds.0.status': 'failed' }],
    [{ 'data.refunds.status': 'succeeded' }],
    // Each operator looks at all elements by itself.
    [{ 'data.refunds.amountMinor': { $lt: 200, $gt: 800 } }],
    [{ 'data.matrix.1.0.x': 2 }],
    [{ 'data.matrix.0.x': 1 }],
    [{ 'data.counts.0': 'zero' }],
    [{ 'data.amountMinor': { $not: { $gt: 2000, $lt: 1 } } }],
    [{ $or: [{ type: 'order.closed' }, { 'data.amountMinor': { $gt: 1000 } }] }],
    [{ $and: [{ type: 'order.paid' }, { $not: { 'data.currency': 'USD' } }] }],
    [{ type: 'order.paid', 'data.currency': 'CNY' }],
  ])('matches %j', (filter) => {
    expect(checkFilter(filter)).toEqual([]);
    expect(matches(filter)).toBe(true);
  });

  test.each<[Filter]>([
    [{ type: 'order.closed' }],
    [{ 'data.amountMinor': '1250' }],
    [{ 'data.amountMinor': { $gt: '1' } }],
    [{ 'data.currency': { $gt: 1 } }],
    [{ 'data.closedAt': { $gt: 0 } }],
    [{ 'data.closedAt': { $exists: false } }],
    [{ 'data.nothing': null }],
    [{ 'data.nothing': { $gt: 0 } }],
    [{ 'data.nothing.deeper': { $exists: true } }],
    [{ 'data.currency.length': { $exists: true } }],
    [{ 'data.methods.length': { $exists: true } }],
    [{ 'data.methods': 'alipay.qr' }],
    [{ 'data.methods': { $contains: 'alipay' } }],
    [{ 'data.amountMinor': { $contains: 12 } }],
    [{ 'data.refunds.2.status': { $exists: true } }],
    [{ 'data.refunds.00.status': { $exists: true } }],
    [{ 'data.refunds.status': { $ne: 'succeeded' } }],
    [{ 'data.refunds.status': { $nin: ['succeeded'] } }],
    [{ 'data.matrix.x': 1 }],
    [{ 'data.hasOwnProperty': { $exists: true } }],
    [{ 'data.amountMinor': { $gte: 1000, $lt: 1250 } }],
    [{ $or: [{ type: 'order.closed' }, { 'data.amountMinor': { $gt: 2000 } }] }],
    [{ $not: { type: 'order.paid' } }],
    [{ type: 'order.paid', 'data.currency': 'USD' }],
  ])('does not match %j', (filter) => {
    expect(checkFilter(filter)).toEqual([]);
    expect(matches(filter)).toBe(false);
  });
});

describe('a filter is refused, with the place and the reason, that', () => {
  const deep = (levels: number): Filter =>
    levels === 1 ? { type: 'a' } : { $not: deep(levels - 1) };
  const many = (count: number) => ({ $or: Array.from({ length: count }, () => ({ type: 'a' })) });
  const cyclic: Record<string, unknown> = {};
  cyclic['$not'] = cyclic;

  test.each<[string, unknown, string, RegExp]>([
    ['is no object', 'order.paid', '', /object/],
    ['is null', null, '', /object/],
    ['is an array', [], '', /object/],
    ['has an unknown operator', { type: { $regex: 'a+' } }, '/type/$regex', /operator.*\$eq/],
    ['has an operator without a field', { $gt: 5 }, '/$gt', /belong to a field/],
    [
      'mixes operators with fields',
      { data: { $gt: 5, x: 1 } },
      '/data/x',
      /like data\.amountMinor/,
    ],
    ['nests fields', { data: { amountMinor: 1 } }, '/data/amountMinor', /path/],
    ['has no operator', { type: {} }, '/type', /at least one/],
    ['has a list for a value', { type: ['a'] }, '/type', /string/],
    ['has an object for $eq', { type: { $eq: {} } }, '/type/$eq', /string/],
    ['has no list for $in', { type: { $in: 'a' } }, '/type/$in', /array/],
    ['has an empty list for $in', { type: { $in: [] } }, '/type/$in', /empty/],
    ['has a list in a list', { type: { $in: [['a']] } }, '/type/$in', /array/],
    ['orders by a boolean', { 'data.x': { $gt: true } }, '/data.x/$gt', /number or a string/],
    ['orders by infinity', { 'data.x': { $gt: Infinity } }, '/data.x/$gt', /number/],
    ['starts with a number', { type: { $startsWith: 1 } }, '/type/$startsWith', /string/],
    ['ends with null', { type: { $endsWith: null } }, '/type/$endsWith', /string/],
    ['contains an object', { type: { $contains: {} } }, '/type/$contains', /string/],
    ['exists as a word', { type: { $exists: 'yes' } }, '/type/$exists', /true or false/],
    ['negates a literal', { type: { $not: 'a' } }, '/type/$not', /operators/],
    ['has $and without a list', { $and: { type: 'a' } }, '/$and', /array/],
    ['has an empty $or', { $or: [] }, '/$or', /empty/],
    ['has a literal in $or', { $or: [{ type: 'a' }, 1] }, '/$or/1', /object/],
    ['has a list for $not', { $not: [] }, '/$not', /object/],
    ['begins elsewhere', { amountMinor: 1 }, '/amountMinor', /begin with id, type/],
    ['has an empty path', { '': 1 }, '/', /empty step/],
    ['has an empty step', { 'data..x': 1 }, '/data..x', /empty step/],
    ['ends in a dot', { 'data.': 1 }, '/data.', /empty step/],
    ['walks __proto__', { 'data.__proto__.x': 1 }, '/data.__proto__.x', /__proto__/],
    ['walks a constructor', { 'data.constructor': 1 }, '/data.constructor', /constructor/],
    ['has a slash in a name', { 'data.a/b~c': [] }, '/data.a~1b~0c', /string/],
    ['is too deep', deep(9), '/$not/$not/$not/$not/$not/$not/$not/$not', /deeper than 8/],
    ['has too many conditions', many(101), '', /more than 100/],
    ['is too large', { type: 'é'.repeat(2_048) }, '', /4096 bytes/],
    ['has NUL in a text', { type: { $in: ['a\0'] } }, '/type/$in/0', /NUL/],
    ['has half a character in a path', { 'data.\ud800': 1 }, '', /NUL/],
    ['is cyclic', cyclic, '', /JSON/],
    ['has a bigint', { 'data.x': 1n }, '', /JSON/],
  ])('%s', (_, filter, path, message) => {
    expect(checkFilter(filter)).toEqual([{ path, message: expect.stringMatching(message) }]);
    expect(() => compileFilter(filter as Filter)).toThrow(TypeError);
    expect(() => atOnce(explainFilter(filter as Filter, order))).toThrow(TypeError);
  });

  test('is named for every mistake in it at once', () => {
    expect(checkFilter({ x: 1, type: { $foo: 1, $in: [] } }).map(({ path }) => path)).toEqual([
      '/x',
      '/type/$foo',
      '/type/$in',
    ]);
  });

  test('is at the limits and not beyond them is taken', () => {
    for (const filter of [deep(8), many(100), { type: 'a'.repeat(4_000) }]) {
      expect(checkFilter(filter)).toEqual([]);
    }
  });

  test('comes with __proto__ as a key of its own, as JSON can have it', () => {
    const filter: unknown = JSON.parse('{"__proto__": {"$exists": true}}');
    expect(checkFilter(filter)).toHaveLength(1);
  });
});

test('a field that every object inherits is not there', () => {
  for (const name of ['toString', 'valueOf', 'hasOwnProperty']) {
    expect(matches({ [`data.${name}`]: { $exists: true } })).toBe(false);
  }
});

test('a dry run says of every condition what was wanted, what is there and whether it holds', () => {
  const filter = {
    type: 'order.paid',
    $not: { 'data.amountMinor': { $gt: 1000 } },
    $or: [{ 'data.refunds.status': 'failed' }, { 'data.nothing': { $exists: true } }],
  };
  expect(atOnce(explainFilter(filter, order))).toEqual({
    matches: false,
    conditions: [
      { path: 'type', operator: '$eq', expected: 'order.paid', actual: 'order.paid', holds: true },
      { path: 'data.amountMinor', operator: '$gt', expected: 1000, actual: 1250, holds: true },
      {
        path: 'data.refunds.status',
        operator: '$eq',
        expected: 'failed',
        actual: ['failed', 'succeeded'],
        holds: true,
      },
      {
        path: 'data.nothing',
        operator: '$exists',
        expected: true,
        actual: undefined,
        holds: false,
      },
    ],
  });
});

test('a dry run over a long array shows the first values only', () => {
  const data = { list: Array.from({ length: 1_000 }, (_, n) => ({ n })) };
  const { conditions, matches } = atOnce(explainFilter({ 'data.list.n': 999 }, { data }));
  expect(matches).toBe(true);
  expect(conditions[0]?.actual).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

test('a dry run shows of long values as much as a reader wants to see', () => {
  const shownOf = (data: unknown) =>
    JSON.stringify(atOnce(explainFilter({ data: { $exists: true } }, { data })).conditions);
  expect(shownOf({ text: 'x'.repeat(60_000) }).length).toBeLessThan(1_500);
  expect(shownOf(Array.from({ length: 10_000 }, () => 'some text')).length).toBeLessThan(3_000);
  const fields = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`field${n}`, n]));
  expect(shownOf(fields).length).toBeLessThan(3_000);
  expect(shownOf({ a: [1, { b: 'c' }], d: null })).toContain('{"a":[1,{"b":"c"}],"d":null}');
});

describe('a filter of many conditions on fields within fields', () => {
  const within = (count: number) => ({
    $or: Array.from({ length: count }, (_, n) => ({ [`data.list.f${n}`]: 1 })),
  });

  test('is refused: each may look at every object in an event', () => {
    expect(checkFilter(within(20))).toEqual([]);
    expect(checkFilter(within(21))).toEqual([
      { path: '', message: expect.stringMatching(/more than 20 conditions on fields within/) },
    ]);
    // What is read by an index is one value.
    const indexed = Array.from({ length: 50 }, (_, n) => ({ [`data.list.${n}`]: 1 }));
    expect(checkFilter({ $or: indexed })).toEqual([]);
  });

  test('that was taken before there was such a limit still matches', () => {
    expect(matches(within(30), { data: { list: [{ f29: 1 }] } })).toBe(true);
  });
});

test('an event nested deeper than any stack is looked at without a fault', () => {
  const nested = (open: string, close: string) =>
    JSON.parse(`{"data":${open.repeat(100_000)}1${close.repeat(100_000)}}`) as unknown;
  for (const event of [nested('[', ']'), nested('{"x":', '}')]) {
    expect(matches({ 'data.x.y': 1 }, event)).toBe(false);
    expect(matches({ 'data.x.0.y': { $ne: 1 } }, event)).toBe(true);
  }
});
