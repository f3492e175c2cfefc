import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canonicalJson,
  pointerPart,
  pointerSteps,
  refuseJson,
  refuseUnstorable,
} from '../../domain/json-value.ts';

const limits = { maxDepth: 64 };

test('what is taken is the same after it was written and read', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      fc.pre(refuseJson(value, limits) === undefined);
      const read: unknown = JSON.parse(JSON.stringify(value));
      expect(canonicalJson(read)).toBe(canonicalJson(value));
    }),
  );
});

test.each([2 ** 53, -(2 ** 53), Infinity, -Infinity, NaN])(
  'the number %d is refused, with its place',
  (n) => {
    expect(refuseJson({ a: [1, { 'b/~': n }] }, limits)?.path).toBe('/a/1/b~1~0');
  },
);

test.each([2 ** 53 - 1, -(2 ** 53 - 1), 0, 1.5e-300])('the number %d is taken', (n) => {
  expect(refuseJson([n], limits)).toBeUndefined();
});

test('nesting is bounded, however deep it goes', () => {
  const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
  expect(refuseJson(nested(64), limits)).toBeUndefined();
  expect(refuseJson(nested(65), limits)?.path).toBe('/0'.repeat(64));
  expect(refuseJson(nested(100_000), limits)?.path).toBe('/0'.repeat(64));
});

test.each([{ a: ['x\0'] }, { a: ['\ud800'] }])(
  'text that jsonb cannot hold is found: %j',
  (value) => {
    expect(refuseUnstorable(value)?.path).toBe('/a/0');
  },
);

test('a name that jsonb cannot hold is found too', () => {
  expect(refuseUnstorable({ a: { 'b\0': 1 } })?.path).toBe('/a');
  expect(refuseUnstorable({ a: 'plain 😀', b: [null, 1, true] })).toBeUndefined();
});

test('the order of fields means nothing to the canonical text, the order of elements does', () => {
  expect(canonicalJson({ b: 1, a: { d: [1, 2], c: null } })).toBe(
    canonicalJson({ a: { c: null, d: [1, 2] }, b: 1 }),
  );
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
  const own = JSON.parse('{"__proto__":1}') as unknown;
  expect(canonicalJson(own)).not.toBe(canonicalJson({}));
});

test('the steps of a pointer are the names that it was made of', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (names) => {
      const pointer = names.map((name) => `/${pointerPart(name)}`).join('');
      expect(pointerSteps(pointer)).toEqual(names);
    }),
  );
});

test('more values than there may be are refused, without looking at the rest', () => {
  const limits = { maxDepth: 64, maxValues: 10 };
  expect(refuseJson({ a: [1, 2, 3, 4], b: { c: 5, d: 6 } }, limits)).toBeUndefined();
  expect(refuseJson({ a: [1, 2, 3, 4], b: { c: 5, d: [6, 7] } }, limits)?.message).toMatch(
    /10 values/,
  );
  expect(
    refuseJson(
      Array.from({ length: 10 }, () => 0),
      limits,
    )?.path,
  ).toBe('');
});
