import { pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/** The last heartbeat of each required workflow. */
export const heartbeats = pgTable('heartbeats', {
  /** The workflow's id, such as `dispatch/0`. */
  workflowId: text().primaryKey(),
  seenAt: timestamp({ withTimezone: true }).notNull(),
});
