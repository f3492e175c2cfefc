import { bigint, integer, jsonb, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/** Identifies a copy of the database; parts that PostgreSQL does not expose are missing. */
export type DatabaseIdentity = { system?: string; timeline?: string; table?: string };

/** The epochs of each shard's feed: a new one starts when the database turns out to be another copy. */
export const feedEpochs = pgTable(
  'feed_epochs',
  {
    shard: integer().notNull(),
    number: integer().notNull(),
    /** Part of cursors; empty for the first epoch. */
    tag: text().notNull(),
    /** The last position of the previous epoch's log that this one continues. */
    beganAfter: bigint({ mode: 'number' }).notNull(),
    identity: jsonb().$type<DatabaseIdentity>().notNull(),
    beganAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.shard, t.number] })],
);
