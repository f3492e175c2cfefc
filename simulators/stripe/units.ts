/**
 * The book counts in minor units of ISO 4217, the API in Stripe's: it writes these two currencies,
 * which have no decimals, with two, always 00. https://docs.stripe.com/currencies#special-cases
 */
const inflated = new Set(['ISK', 'UGX']);
const threeDecimals = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

export function toApiAmount(amountMinor: number, currency: string): number {
  return inflated.has(currency) ? amountMinor * 100 : amountMinor;
}

/** Undefined for an amount the API does not take in this currency. */
export function fromApiAmount(amount: number, currency: string): number | undefined {
  if (inflated.has(currency)) return amount % 100 === 0 ? amount / 100 : undefined;
  return threeDecimals.has(currency) && amount % 10 !== 0 ? undefined : amount;
}
