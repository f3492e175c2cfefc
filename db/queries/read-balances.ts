import { asc, eq, sql } from 'drizzle-orm';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import type { LedgerBook } from '../../domain/ledger.ts';
import type { Database } from '../database.ts';
import { ledgerEntries } from '../schema/ledger.ts';
import { providerAccounts } from '../schema/provider-accounts.ts';

export type Balance = {
  accountId: AccountId;
  provider: string;
  currency: string;
  providerMinor: number;
  merchantMinor: number;
  refundsMinor: number;
  disputesMinor: number;
};

/** Shows debits (owed to us) and credits (owed by us) both as positive amounts. */
const balanceOf = (book: LedgerBook, sign: 1 | -1) =>
  sql<number>`(${sql.raw(String(sign))} * coalesce(sum(${ledgerEntries.amountMinor}) filter (where ${ledgerEntries.book} = ${book}), 0))::float8`;

/** A merchant's balances by provider account and currency. */
export function readBalances(
  db: Database,
  { merchantId }: { merchantId: MerchantId },
): Promise<Balance[]> {
  const { accountId, currency } = ledgerEntries;
  return db
    .select({
      accountId,
      provider: providerAccounts.provider,
      currency,
      providerMinor: balanceOf('provider', 1),
      merchantMinor: balanceOf('merchant', -1),
      refundsMinor: balanceOf('refunds', -1),
      disputesMinor: balanceOf('disputes', -1),
    })
    .from(ledgerEntries)
    .innerJoin(providerAccounts, eq(providerAccounts.id, accountId))
    .where(eq(ledgerEntries.merchantId, merchantId))
    .groupBy(accountId, providerAccounts.provider, currency)
    .orderBy(asc(accountId), asc(currency));
}
