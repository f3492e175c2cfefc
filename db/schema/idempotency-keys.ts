import { integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import type { MerchantId, OrderId } from '../../domain/ids.ts';

/** The answers to order requests by Idempotency-Key, byte for byte. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    merchantId: text().$type<MerchantId>().notNull(),
    key: text().notNull(),
    requestHash: text().notNull(),
    orderId: text().$type<OrderId>().notNull(),
    /** While in flight: until when the first caller counts as alive. */
    lockedUntil: timestamp({ withTimezone: true }).notNull(),
    responseStatus: integer(),
    responseBody: text(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.key] })],
);
