/**
 * Currencies without decimals that the API writes with two, always 00. The book uses minor units of ISO 4217.
 * https://docs.stripe.com/currencies#special-cases
 */
const inflated = new Set(['ISK', 'UGX']);
const threeDecimals = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

export function toApiAmount(amountMinor: number, currency: string): number {
  return inflated.has(currency) ? amountMinor * 100 : amountMinor;
}

/** Converts to minor units; undefined for an amount that the API refuses in this currency. */
export function fromApiAmount(amount: number, currency: string): number | undefined {
  if (inflated.has(currency)) return amount % 100 === 0 ? amount / 100 : undefined;
  return threeDecimals.has(currency) && amount % 10 !== 0 ? undefined : amount;
}
