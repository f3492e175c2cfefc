import {
  bigint,
  boolean,
  date,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type {
  AccountId,
  DifferenceId,
  MerchantId,
  OrderId,
  PaymentId,
  ReconciliationId,
  RefundId,
} from '../../domain/ids.ts';
import type {
  DifferenceKind,
  DifferenceStatus,
  ReconciliationStatus,
  StatementSubject,
} from '../../domain/reconciliation.ts';
import { merchants } from './merchants.ts';
import { providerAccounts } from './provider-accounts.ts';

export type StatementEntryKind = 'payment' | 'refund' | 'dispute' | 'other' | 'unreadable';

/** One per account and day. Running the day again reuses the row. */
export const reconciliations = pgTable(
  'reconciliations',
  {
    id: text().$type<ReconciliationId>().primaryKey(),
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    accountId: text()
      .$type<AccountId>()
      .notNull()
      .references(() => providerAccounts.id),
    /** In the provider's time zone. */
    date: date().notNull(),
    status: text().$type<ReconciliationStatus>().notNull().default('running'),
    trigger: text().$type<'schedule' | 'request'>().notNull(),
    /** Incremented with every comparison: a difference not found by the latest has vanished. */
    round: integer().notNull().default(0),
    entryCount: integer().notNull().default(0),
    matchedCount: integer().notNull().default(0),
    healedCount: integer().notNull().default(0),
    /** Open differences. */
    differenceCount: integer().notNull().default(0),
    failure: text(),
    startedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    endedAt: timestamp({ withTimezone: true }),
  },
  (t) => [
    uniqueIndex('reconciliations_of_day').on(t.accountId, t.date),
    index('reconciliations_by_merchant').on(t.merchantId, t.id),
  ],
);

/** One load of a provider's statement. Read only once it is complete; the previous one is then deleted. */
export const statements = pgTable(
  'statements',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    accountId: text().$type<AccountId>().notNull(),
    date: date().notNull(),
    entryCount: integer().notNull().default(0),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    /** Null until all lines are loaded. */
    loadedAt: timestamp({ withTimezone: true }),
  },
  (t) => [
    uniqueIndex('statements_current')
      .on(t.accountId, t.date)
      .where(sql`${t.loadedAt} is not null`),
    index('statements_of_day').on(t.accountId, t.date),
  ],
);

export const statementEntries = pgTable(
  'statement_entries',
  {
    statementId: bigint({ mode: 'number' })
      .notNull()
      .references(() => statements.id, { onDelete: 'cascade' }),
    line: integer().notNull(),
    accountId: text().$type<AccountId>().notNull(),
    kind: text().$type<StatementEntryKind>().notNull(),
    /**
     * Our number of the payment or refund; the provider's for what it made itself; for an unreadable line, its
     * fingerprint.
     */
    number: text().notNull(),
    outTradeNo: text().notNull(),
    providerTradeNo: text().notNull(),
    providerRefundNo: text(),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    feeMinor: bigint({ mode: 'number' }),
    at: timestamp({ withTimezone: true }).notNull(),
    /** Queried later, the provider contradicted this line and agreed with our books. */
    isOverruled: boolean().notNull().default(false),
    /** The provider's category of other money; for an unreadable line, its text and the reason. */
    note: text(),
  },
  (t) => [
    primaryKey({ columns: [t.statementId, t.line] }),
    index('statement_entries_by_number').on(t.accountId, t.kind, t.number),
  ],
);

/** The differences between the two sides, once per number and kind, however often the day is run. */
export const differences = pgTable(
  'differences',
  {
    id: text().$type<DifferenceId>().primaryKey(),
    merchantId: text().$type<MerchantId>().notNull(),
    reconciliationId: text()
      .$type<ReconciliationId>()
      .notNull()
      .references(() => reconciliations.id),
    accountId: text().$type<AccountId>().notNull(),
    kind: text().$type<DifferenceKind>().notNull(),
    about: text().$type<StatementSubject>().notNull(),
    number: text().notNull(),
    outTradeNo: text(),
    providerTradeNo: text(),
    providerRefundNo: text(),
    orderId: text().$type<OrderId>(),
    paymentId: text().$type<PaymentId>(),
    refundId: text().$type<RefundId>(),
    oursStatus: text(),
    oursMinor: bigint({ mode: 'number' }),
    oursCurrency: text(),
    ledgerMinor: bigint({ mode: 'number' }),
    theirsMinor: bigint({ mode: 'number' }),
    theirsCurrency: text(),
    theirLines: integer(),
    status: text().$type<DifferenceStatus>().notNull().default('open'),
    /** The last round of its reconciliation that found it. */
    round: integer().notNull(),
    /** Why it could not be auto-resolved. */
    note: text(),
    healTriedRound: integer(),
    /** `provider`: resolved by the provider's answer to the run's query; `meanwhile`: gone at a later comparison. */
    healedBy: text().$type<'provider' | 'meanwhile'>(),
    healedAt: timestamp({ withTimezone: true }),
    acknowledgedBy: text(),
    acknowledgedNote: text(),
    acknowledgedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('differences_once').on(t.accountId, t.about, t.number, t.kind),
    index('differences_by_reconciliation').on(t.reconciliationId, t.id),
  ],
);
