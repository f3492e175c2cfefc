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

/** A debit for what is owed to us, a credit for what we owe: both are shown as what they are worth. */
const worthOf = (book: LedgerBook, sign: 1 | -1) =>
  sql<number>`(${sql.raw(String(sign))} * coalesce(sum(${ledgerEntries.amountMinor}) filter (where ${ledgerEntries.book} = ${book}), 0))::float8`;

/** What a merchant's books say, by provider account and currency. */
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
      providerMinor: worthOf('provider', 1),
      merchantMinor: worthOf('merchant', -1),
      refundsMinor: worthOf('refunds', -1),
      disputesMinor: worthOf('disputes', -1),
    })
    .from(ledgerEntries)
    .innerJoin(providerAccounts, eq(providerAccounts.id, accountId))
    .where(eq(ledgerEntries.merchantId, merchantId))
    .groupBy(accountId, providerAccounts.provider, currency)
    .orderBy(asc(accountId), asc(currency));
}
