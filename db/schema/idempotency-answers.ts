import { index, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { MerchantId } from '../../domain/ids.ts';

/**
 * The answers to POST requests by Idempotency-Key. Orders have their own table (`idempotency_keys`), written with the
 * order.
 */
export const idempotencyAnswers = pgTable(
  'idempotency_answers',
  {
    /** SHA-256 of merchant, path and key: one request under one key. */
    id: text().primaryKey(),
    merchantId: text().$type<MerchantId>().notNull(),
    /** Keys apply per path. */
    path: text().notNull(),
    key: text().notNull(),
    /** SHA-256 of the body. */
    requestHash: text().notNull(),
    /** The attempt that executes the request. */
    holder: text().notNull(),
    /** While there is no answer: until when the holder counts as alive. */
    lockedUntil: timestamp({ withTimezone: true }).notNull(),
    status: integer(),
    /** Sealed, because it may contain a secret that is shown once. */
    sealedAnswer: text(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [index('idempotency_answers_by_age').on(t.createdAt)],
);
