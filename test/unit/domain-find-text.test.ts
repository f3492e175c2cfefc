import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { searchFor } from '../../domain/find-text.ts';
import { cpuMsOf } from '../support/loop-stall.ts';

// Few letters and long needles, so that they nearly match everywhere.
const letters = (limits: { minLength: number; maxLength: number }) =>
  fc.string({ unit: fc.constantFrom('a', 'b'), ...limits });
const periodic = fc
  .tuple(letters({ minLength: 1, maxLength: 5 }), fc.integer({ min: 251, max: 400 }))
  .map(([unit, length]) => unit.repeat(length).slice(0, length));

test('a text is found where String.includes finds it', () => {
  const texts = fc.oneof(letters({ minLength: 0, maxLength: 1_200 }), fc.string(), periodic);
  const needles = fc.oneof(letters({ minLength: 0, maxLength: 300 }), fc.string(), periodic);
  fc.assert(
    fc.property(texts, needles, texts, (before, needle, after) => {
      expect(searchFor(needle)(before)).toBe(before.includes(needle));
      expect(searchFor(needle)(before + needle + after)).toBe(true);
      const all = before + after;
      const part = all.slice(Math.floor(all.length / 3));
      expect(searchFor(part)(all)).toBe(all.includes(part));
    }),
    { numRuns: 300 },
  );
});

test('the letter that is odd may stand anywhere in a long needle: the search takes as long', () => {
  const text = 'a'.repeat(65_000);
  for (const at of [0, 1, 1_000, 2_000, 3_999]) {
    const needle = `${'a'.repeat(at)}b${'a'.repeat(4_000 - at)}`;
    const isIn = searchFor(needle);
    // String.includes takes some 100 ms where the letter stands in the middle.
    const cpuMs = cpuMsOf(() => expect(isIn(text)).toBe(false));
    expect(cpuMs).toBeLessThan(30);
  }
});
