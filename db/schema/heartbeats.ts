import { pgTable, text, timestamp } from 'drizzle-orm/pg-core';

/** When each workflow that must always run was last seen at work. */
export const heartbeats = pgTable('heartbeats', {
  /** The workflow's id, such as `dispatch/0`. */
  workflowId: text().primaryKey(),
  seenAt: timestamp({ withTimezone: true }).notNull(),
});
