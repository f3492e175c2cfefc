import { currencyExponents } from '../../domain/money.ts';

/**
 * Currencies whose units at Stripe differ from ISO 4217, and their steps.
 * https://docs.stripe.com/currencies#special-cases: ISK and UGX have no decimals but are written with two, always 00;
 * three-decimal amounts must end in 0. HUF and TWD are special for payouts only and are charged with two decimals, as
 * in ISO 4217.
 */
const overrides: Readonly<Record<string, { exponent: number; step: number }>> = {
  BHD: { exponent: 3, step: 10 },
  ISK: { exponent: 2, step: 100 },
  JOD: { exponent: 3, step: 10 },
  KWD: { exponent: 3, step: 10 },
  OMR: { exponent: 3, step: 10 },
  TND: { exponent: 3, step: 10 },
  UGX: { exponent: 2, step: 100 },
};

/**
 * Converts our minor units to Stripe's; undefined if the amount has no exact equivalent. Never rounds.
 * @example toStripeAmount(100, 'ISK') // 10000
 */
export function toStripeAmount(amountMinor: number, currency: string): number | undefined {
  const rule = ruleOf(currency);
  if (!rule || !isAmount(amountMinor)) return undefined;
  const amount = amountMinor * rule.factor;
  return isAmount(amount) && amount % rule.step === 0 ? amount : undefined;
}

/**
 * Converts Stripe's amount to our minor units; undefined if it is no whole number of them. `currency` in either case.
 * @example fromStripeAmount(10000, 'isk') // 100
 */
export function fromStripeAmount(amount: number, currency: string): number | undefined {
  const rule = ruleOf(currency.toUpperCase());
  if (!rule || !isAmount(amount) || amount % rule.factor !== 0) return undefined;
  return amount / rule.factor;
}

/** `usd` becomes `USD`. */
export function fromStripeCurrency(currency: string): string {
  return currency.toUpperCase();
}

function ruleOf(currency: string): { factor: number; step: number } | undefined {
  if (!Object.hasOwn(currencyExponents, currency)) return undefined;
  const exponent = currencyExponents[currency] ?? 0;
  const override = Object.hasOwn(overrides, currency) ? overrides[currency] : undefined;
  return { factor: 10 ** ((override?.exponent ?? exponent) - exponent), step: override?.step ?? 1 };
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
