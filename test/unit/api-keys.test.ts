import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashApiKey, newApiKey } from '../../api/keys.ts';

test('a fresh key carries 192 random bits, is never the same, and is kept as a hash', () => {
  const keys = Array.from({ length: 200 }, newApiKey);
  expect(new Set(keys.map(({ key }) => key)).size).toBe(200);
  for (const { key, keyHash, hint } of keys) {
    expect(key).toMatch(/^tk_[A-Za-z0-9_-]{32}[0-9a-f]{6}$/);
    expect(keyHash).toMatch(/^[0-9a-f]{64}$/);
    expect(hashApiKey(key)).toBe(keyHash);
    expect(keyHash).not.toContain(key.slice(3));
    expect(key.startsWith(hint)).toBe(true);
    expect(hint).toHaveLength(7);
  }
});

test('a key with one letter wrong is known as no key, without a database', () => {
  const { key } = newApiKey();
  const letter = fc.stringMatching(/^[A-Za-z0-9_-]$/);
  fc.assert(
    fc.property(fc.nat({ max: key.length - 1 }), letter, (at, other) => {
      fc.pre(key[at] !== other);
      expect(hashApiKey(key.slice(0, at) + other + key.slice(at + 1))).toBeUndefined();
    }),
  );
});

test('a key cut short or drawn out is no key', () => {
  const { key } = newApiKey();
  for (let length = 0; length < key.length; length++) {
    expect(hashApiKey(key.slice(0, length))).toBeUndefined();
  }
  for (const more of ['0', ' ', '\n', '\0']) expect(hashApiKey(key + more)).toBeUndefined();
});

test('no other text is a key', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(hashApiKey(text)).toBeUndefined();
    }),
  );
});
