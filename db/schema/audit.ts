import { index, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { Id, MerchantId } from '../../domain/ids.ts';

/** People's decisions, and who made them: append-only. */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: text().$type<Id<'audit'>>().primaryKey(),
    merchantId: text().$type<MerchantId>().notNull(),
    /** The API key or the operator's name. */
    actor: text().notNull(),
    action: text().notNull(),
    /** The resource's id, e.g. an order's. */
    resourceId: text().notNull(),
    details: jsonb().$type<Record<string, unknown>>().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [index('audit_entries_by_resource').on(t.resourceId)],
);
