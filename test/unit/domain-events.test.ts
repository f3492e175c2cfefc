import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { envelopeOf, eventPattern, eventTypes, matchesAny } from '../../domain/events.ts';

const types = Object.keys(eventTypes);
const type = fc.constantFrom(...types);

test.each(['*', 'order.*', 'order.paid', 'order.review_required', 'a.b.c', 'a.b.*'])(
  '%s is a pattern',
  (pattern) => {
    expect(pattern).toMatch(eventPattern);
  },
);

test.each([
  '',
  '**',
  '*.paid',
  'order.',
  '.paid',
  'order.*.x',
  'Order.paid',
  'order paid',
  'order.paid\n',
])('%j is no pattern', (pattern) => {
  expect(pattern).not.toMatch(eventPattern);
});

test('every event type is a pattern of its own and covered by it, its group, and the star', () => {
  for (const name of types) {
    expect(name).toMatch(eventPattern);
    expect(matchesAny([name], name)).toBe(true);
    expect(matchesAny([`${name.split('.')[0]}.*`], name)).toBe(true);
    expect(matchesAny(['*'], name)).toBe(true);
  }
});

test('a type is covered by itself and by no other type', () => {
  fc.assert(
    fc.property(type, type, (pattern, name) => {
      expect(matchesAny([pattern], name)).toBe(pattern === name);
    }),
  );
});

test('a group is its own and not one that begins alike', () => {
  expect(matchesAny(['order.*'], 'order')).toBe(false);
  expect(matchesAny(['order.*'], 'orders.paid')).toBe(false);
  expect(matchesAny(['order.*'], 'order.paid.late')).toBe(true);
  expect(matchesAny(['order.review_*'], 'order.review_required')).toBe(false);
});

test('no patterns cover nothing, and more patterns never cover less', () => {
  expect(matchesAny([], 'order.paid')).toBe(false);
  const pattern = fc.constantFrom('*', 'order.*', 'refund.*', ...types);
  fc.assert(
    fc.property(fc.array(pattern), pattern, type, (patterns, extra, name) => {
      fc.pre(matchesAny(patterns, name));
      expect(matchesAny([...patterns, extra], name)).toBe(true);
    }),
  );
});

test('an event is sent as id, type, timestamp and data, and nothing else', () => {
  const body = envelopeOf({ id: 'evt_1', type: 'order.paid', timestamp: 'T', data: { a: 'é' } });
  expect(body).toBe('{"id":"evt_1","type":"order.paid","timestamp":"T","data":{"a":"é"}}');
});
