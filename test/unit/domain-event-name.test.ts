import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { platformPrefixes, refuseEventName } from '../../domain/event-name.ts';
import { eventPattern, eventTypes, matchesAny } from '../../domain/events.ts';

test.each(['cart.abandoned', 'cart.item.added', 'order_book.printed', 'ordering.v2'])(
  'a merchant may name a type %s',
  (name) => {
    expect(refuseEventName(name)).toBeUndefined();
  },
);

test.each([
  '',
  'cart',
  'cart.',
  '.cart',
  'cart..a',
  'cart.*',
  '*',
  'Cart.a',
  'cart.a-b',
  'cart.a\n',
])('a merchant may not name a type %j', (name) => {
  expect(refuseEventName(name)).toMatch(/^must/);
});

test('a name may have 128 characters and no more', () => {
  const name = `cart.${'x'.repeat(123)}`;
  expect(refuseEventName(name)).toBeUndefined();
  expect(refuseEventName(`${name}x`)).toMatch(/128/);
});

test('no name of the platform can be taken, now or of the same kind later', () => {
  for (const name of Object.keys(eventTypes)) expect(refuseEventName(name)).toMatch(/own/);
  for (const prefix of platformPrefixes) expect(refuseEventName(`${prefix}.x`)).toMatch(/own/);
});

test('whatever may be a name can be subscribed to, by itself and by its prefix', () => {
  const word = fc.stringMatching(/^[a-z_]{1,8}$/);
  const names = fc.array(word, { minLength: 2, maxLength: 5 }).map((words) => words.join('.'));
  fc.assert(
    fc.property(names, (name) => {
      fc.pre(refuseEventName(name) === undefined);
      const prefix = `${name.slice(0, name.lastIndexOf('.'))}.*`;
      for (const pattern of [name, prefix, '*']) {
        expect(pattern).toMatch(eventPattern);
        expect(matchesAny([pattern], name)).toBe(true);
      }
    }),
  );
});
