import { bigint, index, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { AccountId, MerchantId, OrderId } from '../../domain/ids.ts';
import type { LedgerBook } from '../../domain/ledger.ts';

/**
 * Double entry, append-only. Every transaction sums to zero in each currency: a deferred constraint trigger checks this
 * at commit, and another refuses updates and deletes (`0003_guard_ledger.sql`).
 */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** The movement, e.g. `capture:pay_…`; each can be entered only once. */
    transaction: text().notNull(),
    book: text().$type<LedgerBook>().notNull(),
    /** Positive debits, negative credits. */
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    merchantId: text().$type<MerchantId>().notNull(),
    accountId: text().$type<AccountId>().notNull(),
    orderId: text().$type<OrderId>().notNull(),
    createdAt: timestamp({ withTimezone: true })
      .notNull()
      .default(sql`now()`),
  },
  (t) => [
    uniqueIndex('ledger_entries_once').on(t.transaction, t.book, t.currency),
    index('ledger_entries_by_merchant').on(t.merchantId, t.accountId),
  ],
);
