import { bigint, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { Id, MerchantId } from '../../domain/ids.ts';

export const merchants = pgTable('merchants', {
  id: text().$type<MerchantId>().primaryKey(),
  name: text().notNull(),
  /** The dispatch shard that numbers and relays this merchant's events; never changes, so that cursors stay valid. */
  shard: integer().notNull().default(0),
  /** Signs requests to the merchant itself, `whsec_…`, sealed (`db/sealed.ts`); created on first use. */
  sealedSigningSecret: text(),
  /**
   * Incremented by a trigger with every change of its endpoints' subscriptions, so that compiled matchers detect that
   * they are stale.
   */
  endpointsVersion: bigint({ mode: 'number' }).notNull().default(0),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});

export const apiKeys = pgTable('api_keys', {
  id: text().$type<Id<'apiKey'>>().primaryKey(),
  merchantId: text()
    .$type<MerchantId>()
    .notNull()
    .references(() => merchants.id),
  /** SHA-256 of the key in hex; the key itself is shown once and not stored. */
  keyHash: text().notNull().unique(),
  /** The first characters, so that a person can tell keys apart. */
  hint: text().notNull(),
  expiresAt: timestamp({ withTimezone: true }),
  revokedAt: timestamp({ withTimezone: true }),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});
