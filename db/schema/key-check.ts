import { boolean, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * The key check value of TENDER_SECRET_KEYS: one row, sealed by the first process that ever started here. A process
 * whose keys do not open it has other keys than this database's secrets, and does not start.
 */
export const keyCheck = pgTable('key_check', {
  /** Always true: there is one. */
  id: boolean().primaryKey().default(true),
  sealedValue: text().notNull(),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});
