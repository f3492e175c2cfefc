import type { AccountTerms } from '../db/queries/provider-accounts.ts';
import { isCurrency } from '../domain/money.ts';
import type { ProviderDefinition } from '../providers/definition.ts';

type TermOptions = {
  priority?: number | undefined;
  weight?: number | undefined;
  leastMinor?: number | undefined;
  mostMinor?: number | undefined;
  methods?: string[] | undefined;
  currencies?: string[] | undefined;
};

/**
 * Validates an operator's terms and removes those left out. Throws on an unknown method or currency, or an empty range.
 */
export function checkTerms({ methods }: ProviderDefinition, options: TermOptions): AccountTerms {
  const unknownMethod = options.methods?.find((method) => !Object.hasOwn(methods, method));
  if (unknownMethod !== undefined) {
    const known = Object.keys(methods).join(', ');
    throw new Error(`--methods: there is no method ${unknownMethod}; the provider has ${known}`);
  }
  const unknownCurrency = options.currencies?.find((currency) => !isCurrency(currency));
  if (unknownCurrency !== undefined) {
    throw new Error(`--currencies: there is no currency ${unknownCurrency}`);
  }
  const { leastMinor = 0, mostMinor = Number.MAX_SAFE_INTEGER } = options;
  if (leastMinor > mostMinor) throw new Error('--least-minor: must not be above --most-minor');
  // Guarantee: a term that was left out is absent, so that the database's default applies.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
