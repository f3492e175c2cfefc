import { index, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { MerchantId } from '../../domain/ids.ts';

/**
 * What was answered to a POST under its Idempotency-Key. Orders have their own (`idempotency_keys`), which is
 * written with the order.
 */
export const idempotencyAnswers = pgTable(
  'idempotency_answers',
  {
    /** SHA-256 of merchant, path and key: one request under one key. */
    id: text().primaryKey(),
    merchantId: text().$type<MerchantId>().notNull(),
    /** Of one path alone. */
    path: text().notNull(),
    key: text().notNull(),
    /** SHA-256 of the body. */
    requestHash: text().notNull(),
    /** The request that is carrying it out. */
    holder: text().notNull(),
    /** While there is no answer: until when the holder is believed to be alive. */
    lockedUntil: timestamp({ withTimezone: true }).notNull(),
    status: integer(),
    /** Sealed: it may show a secret that is shown once. */
    sealedAnswer: text(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [index('idempotency_answers_by_age').on(t.createdAt)],
);
