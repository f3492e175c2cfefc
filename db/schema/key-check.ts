import { boolean, pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * The key check values of TENDER_SECRET_KEYS, sealed by the first process ever started on this database. A process
 * whose keys do not open both has other keys than this database's secrets, and does not start. A rotation seals one of
 * them before everything else and one after: in between both keys are needed.
 */
export const keyCheck = pgTable('key_check', {
  /** True is the value that a rotation seals first, false the one that it seals last. */
  id: boolean().primaryKey().default(true),
  sealedValue: text().notNull(),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});
