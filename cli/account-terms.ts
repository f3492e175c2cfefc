import type { AccountTerms } from '../db/queries/provider-accounts.ts';
import { isCurrency } from '../domain/money.ts';
import type { ProviderDefinition } from '../providers/definition.ts';

type GivenTerms = {
  priority?: number | undefined;
  weight?: number | undefined;
  leastMinor?: number | undefined;
  mostMinor?: number | undefined;
  methods?: string[] | undefined;
  currencies?: string[] | undefined;
};

/** The terms an operator gave, without those left out. Throws on a method, a currency or a range that cannot be. */
export function checkTerms({ methods }: ProviderDefinition, given: GivenTerms): AccountTerms {
  const unknownMethod = given.methods?.find((method) => !Object.hasOwn(methods, method));
  if (unknownMethod !== undefined) {
    const known = Object.keys(methods).join(', ');
    throw new Error(`--methods: there is no method ${unknownMethod}; the provider has ${known}`);
  }
  const unknownCurrency = given.currencies?.find((currency) => !isCurrency(currency));
  if (unknownCurrency !== undefined) {
    throw new Error(`--currencies: there is no currency ${unknownCurrency}`);
  }
  const { leastMinor = 0, mostMinor = Number.MAX_SAFE_INTEGER } = given;
  if (leastMinor > mostMinor) throw new Error('--least-minor: must not be above --most-minor');
  // Guarantee: a term that was not given is absent, so that the database's default counts.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
