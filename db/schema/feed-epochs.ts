import { bigint, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/** What tells one copy of a database from another; what PostgreSQL does not let us see is missing. */
export type DatabaseIdentity = { system?: string; timeline?: string; table?: string };

/** The epochs of each shard's feed: another one begins where the database turns out to be another copy of itself. */
export const feedEpochs = pgTable(
  'feed_epochs',
  {
    shard: integer().notNull(),
    number: integer().notNull(),
    /** Stands in cursors; empty for the first. */
    tag: text().notNull(),
    /** The last position of the log before it that this one goes on from. */
    beganAfter: bigint({ mode: 'number' }).notNull(),
    identity: jsonb().$type<DatabaseIdentity>().notNull(),
    beganAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.shard, t.number] })],
);
