import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeIdBody, idPrefixes, isId, newId, outTradeNoOf } from '../../domain/ids.ts';
import type { IdKind } from '../../domain/ids.ts';

const kinds = Object.keys(idPrefixes) as IdKind[];
const kind = fc.constantFrom(...kinds);
const randomness = fc.uint8Array({ minLength: 10, maxLength: 10 });
const timeMs = fc.nat({ max: 2 ** 48 - 1 });

/** Crockford's base 32, read by the specification and not by our encoder. */
function decode(body: string): bigint {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  return Array.from(body.toUpperCase()).reduce(
    (value, letter) => value * 32n + BigInt(alphabet.indexOf(letter)),
    0n,
  );
}

function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(20, '0'), 'hex'));
}

test("the ULID specification's own example is encoded as it says", () => {
  // https://github.com/ulid/javascript: ulid(1469918176385) // 01ARYZ6S41TSV4RRFFQ69G5FAV
  const random = bytesOf(decode('TSV4RRFFQ69G5FAV'));
  expect(encodeIdBody(1_469_918_176_385, random)).toBe('01aryz6s41tsv4rrffq69g5fav');
});

test('the smallest and the largest id are those of the specification', () => {
  expect(encodeIdBody(0, new Uint8Array(10))).toBe('0'.repeat(26));
  expect(encodeIdBody(2 ** 48 - 1, new Uint8Array(10).fill(255))).toBe(`7${'z'.repeat(25)}`);
});

test('every bit of the time and of the randomness is in the id', () => {
  fc.assert(
    fc.property(timeMs, randomness, (ms, random) => {
      const body = encodeIdBody(ms, random);
      expect(decode(body.slice(0, 10))).toBe(BigInt(ms));
      expect(bytesOf(decode(body.slice(10)))).toEqual(random);
    }),
  );
});

test('ids sort by the time of their creation', () => {
  fc.assert(
    fc.property(timeMs, timeMs, randomness, randomness, (a, b, randomA, randomB) => {
      fc.pre(a !== b);
      const isBefore = encodeIdBody(a, randomA) < encodeIdBody(b, randomB);
      expect(isBefore).toBe(a < b);
    }),
  );
});

test('a thousand fresh ids are a thousand different ids', () => {
  expect(new Set(Array.from({ length: 1_000 }, () => newId('order'))).size).toBe(1_000);
});

test('a fresh id is an id of its own kind and of no other', () => {
  fc.assert(
    fc.property(kind, kind, (own, other) => {
      expect(isId(other, newId(own))).toBe(own === other);
    }),
  );
});

test('prefixes are all different', () => {
  expect(new Set(Object.values(idPrefixes)).size).toBe(kinds.length);
});

test.each([
  'ord_',
  'ord',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3cc',
  'ord_01JD3V9K7Q2M5X8R4T6W0Y1Z3C',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3i',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3l',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3o',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3u',
  ' ord_01jd3v9k7q2m5x8r4t6w0y1z3c',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3c\n',
  'ord_01jd3v9k7q2m5x8r4t6w0y1z3\0',
  "ord_01jd3v9k7q2m5x8r4t6w0y1z'--",
])('%j is no id of an order', (text) => {
  expect(isId('order', text)).toBe(false);
});

test('our number at a provider is within what every provider takes, and as unique as the payment', () => {
  fc.assert(
    fc.property(timeMs, randomness, (ms, random) => {
      const body = encodeIdBody(ms, random);
      const outTradeNo = outTradeNoOf(`pay_${body}`);
      expect(outTradeNo).toMatch(/^[A-Za-z0-9]{8,32}$/);
      expect(outTradeNo).toBe(body);
    }),
  );
});
