import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  currencyExponents,
  formatMoney,
  fromDecimal,
  isChargeable,
  isCurrency,
  toDecimal,
} from '../../domain/money.ts';

const exponent = fc.constantFrom(0, 2, 3);
const amountMinor = fc.oneof(
  fc.nat({ max: 2_000 }),
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: Number.MAX_SAFE_INTEGER - 2_000, max: Number.MAX_SAFE_INTEGER }),
);

test('amounts are written with exactly the places their currency has', () => {
  expect(toDecimal(1250, 2)).toBe('12.50');
  expect(toDecimal(7, 2)).toBe('0.07');
  expect(toDecimal(0, 2)).toBe('0.00');
  expect(toDecimal(500, 0)).toBe('500');
  expect(toDecimal(1, 3)).toBe('0.001');
  expect(toDecimal(Number.MAX_SAFE_INTEGER, 2)).toBe('90071992547409.91');
});

test('decimals are read with as many places as are there, up to the exponent', () => {
  expect(fromDecimal('12.50', 2)).toBe(1250);
  expect(fromDecimal('12.5', 2)).toBe(1250);
  expect(fromDecimal('12', 2)).toBe(1200);
  expect(fromDecimal('0.29', 2)).toBe(29);
  expect(fromDecimal('0012.50', 2)).toBe(1250);
  expect(fromDecimal('90071992547409.91', 2)).toBe(Number.MAX_SAFE_INTEGER);
});

test('an amount written down and read again is the same amount', () => {
  fc.assert(
    fc.property(amountMinor, exponent, (minor, places) => {
      expect(fromDecimal(toDecimal(minor, places), places)).toBe(minor);
    }),
  );
});

test('nothing is ever rounded: one place too many is refused, even a zero', () => {
  expect(fromDecimal('0.019', 2)).toBeUndefined();
  expect(fromDecimal('1.0', 0)).toBeUndefined();
  fc.assert(
    fc.property(amountMinor, exponent, fc.nat({ max: 9 }), (minor, places, digit) => {
      const text = toDecimal(minor, places);
      const longer = places === 0 ? `${text}.${digit}` : `${text}${digit}`;
      expect(fromDecimal(longer, places)).toBeUndefined();
    }),
  );
});

test('what is read is the exact decimal, told by big integers', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^\d{1,15}$/),
      fc.stringMatching(/^\d{0,3}$/),
      exponent,
      (whole, fraction, places) => {
        const read = fromDecimal(fraction === '' ? whole : `${whole}.${fraction}`, places);
        const exact = BigInt(whole + fraction.padEnd(places, '0'));
        const isSafe = fraction.length <= places && exact <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(read).toBe(isSafe ? Number(exact) : undefined);
      },
    ),
  );
});

test.each([
  '',
  ' 1.00',
  '1.00 ',
  '+1.00',
  '-1.00',
  '1,000.00',
  '1e3',
  '0x10',
  '.5',
  '5.',
  '1.2.3',
  '１２.50',
  'NaN',
  'Infinity',
  '90071992547409.92',
  '9999999999999999',
])('%j is no amount', (text) => {
  expect(fromDecimal(text, 2)).toBeUndefined();
});

test('reading never throws, and gives only safe integers', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), exponent, (text, places) => {
      const read = fromDecimal(text, places);
      expect(read === undefined || (Number.isSafeInteger(read) && read >= 0)).toBe(true);
    }),
  );
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1])(
  '%d cannot be written as an amount',
  (amount) => {
    expect(() => toDecimal(amount, 2)).toThrow(RangeError);
  },
);

test('only positive safe integers may be charged', () => {
  expect([1, 1250, Number.MAX_SAFE_INTEGER].every(isChargeable)).toBe(true);
  expect([0, -1, 1.5, Number.NaN, 2 ** 53].some(isChargeable)).toBe(false);
});

test('a currency is one of the list, in capitals, and nothing that objects inherit', () => {
  expect(isCurrency('CNY')).toBe(true);
  const none = ['cny', 'XXX', '', 'toString', '__proto__', 'constructor'];
  expect(none.filter(isCurrency)).toEqual([]);
  for (const [code, places] of Object.entries(currencyExponents)) {
    expect(code).toMatch(/^[A-Z]{3}$/);
    expect([0, 2, 3]).toContain(places);
  }
});

test('money reads the way bookkeepers write it', () => {
  expect(formatMoney({ amountMinor: 1250, currency: 'CNY' })).toBe('CNY 12.50');
  expect(formatMoney({ amountMinor: 1250, currency: 'JPY' })).toBe('JPY 1250');
  expect(formatMoney({ amountMinor: 1250, currency: 'KWD' })).toBe('KWD 1.250');
});
