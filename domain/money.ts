/** An amount in the currency's minor units (ISO 4217 exponent), never a float. */
export type Money = { amountMinor: number; currency: string };

/**
 * Decimal places by ISO 4217. `Intl` is not used: it disagrees with the standard (HUF has 2, Intl
 * says 0). Only currencies listed here are accepted.
 */
export const currencyExponents: Readonly<Record<string, number>> = {
  AED: 2,
  AUD: 2,
  BHD: 3,
  BRL: 2,
  CAD: 2,
  CHF: 2,
  CNY: 2,
  CZK: 2,
  DKK: 2,
  EUR: 2,
  GBP: 2,
  HKD: 2,
  HUF: 2,
  IDR: 2,
  INR: 2,
  ISK: 0,
  JOD: 3,
  JPY: 0,
  KRW: 0,
  KWD: 3,
  MOP: 2,
  MXN: 2,
  MYR: 2,
  NOK: 2,
  NZD: 2,
  OMR: 3,
  PHP: 2,
  PLN: 2,
  SEK: 2,
  SGD: 2,
  THB: 2,
  TND: 3,
  TRY: 2,
  TWD: 2,
  USD: 2,
  VND: 0,
  ZAR: 2,
};

export function isCurrency(code: string): boolean {
  return Object.hasOwn(currencyExponents, code);
}

/** True for an amount that can be charged: a positive safe integer of minor units. */
export function isChargeable(amountMinor: number): boolean {
  return Number.isSafeInteger(amountMinor) && amountMinor > 0;
}

/**
 * Formats minor units as a decimal. Throws a RangeError unless the amount is a non-negative safe integer.
 * @example toDecimal(1250, 2) // '12.50'
 */
export function toDecimal(amountMinor: number, exponent: number): string {
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 0) {
    throw new RangeError(`amountMinor must be a non-negative safe integer, not ${amountMinor}`);
  }
  if (exponent === 0) return String(amountMinor);
  const digits = String(amountMinor).padStart(exponent + 1, '0');
  return `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/**
 * Parses a decimal into minor units. Undefined if the text is no plain decimal, has more places than the exponent, or
 * exceeds the safe integers. Never rounds.
 * @example fromDecimal('12.5', 2) // 1250
 */
export function fromDecimal(text: string, exponent: number): number | undefined {
  const match = /^(\d{1,16})(?:\.(\d+))?$/.exec(text);
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  if (fraction.length > exponent) return undefined;
  const amountMinor = Number(match[1] + fraction.padEnd(exponent, '0'));
  return Number.isSafeInteger(amountMinor) ? amountMinor : undefined;
}

/**
 * Formats money for people: logs, the Temporal UI, the checkout page.
 * @example formatMoney({ amountMinor: 1250, currency: 'CNY' }) // 'CNY 12.50'
 */
export function formatMoney({ amountMinor, currency }: Money): string {
  return `${currency} ${toDecimal(amountMinor, currencyExponents[currency] ?? 2)}`;
}
