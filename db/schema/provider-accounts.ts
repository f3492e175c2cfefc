import {
  bigint,
  boolean,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import { merchants } from './merchants.ts';

export const providerAccounts = pgTable('provider_accounts', {
  id: text().$type<AccountId>().primaryKey(),
  merchantId: text()
    .$type<MerchantId>()
    .notNull()
    .references(() => merchants.id),
  /** A provider's name as in `providers/registry.ts`. */
  provider: text().notNull(),
  /** Public settings: URLs, app and seller ids, the provider's public key. */
  settings: jsonb().$type<Record<string, string>>().notNull(),
  /** Our private key and the like, sealed (`db/sealed.ts`). */
  sealedCredentials: text().notNull(),
  enabled: boolean().notNull().default(true),
  /** The methods that the account may be used for; null for all of its provider's. */
  methods: text().array(),
  currencies: text().array(),
  leastMinor: bigint({ mode: 'number' }),
  mostMinor: bigint({ mode: 'number' }),
  /** Lower is tried first; among equals `weight` is the share of orders. */
  priority: integer().notNull().default(100),
  weight: integer().notNull().default(1),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});

/** The results of calls to an account in ten-second buckets, which determine its health. */
export const accountOutcomes = pgTable(
  'account_outcomes',
  {
    accountId: text().$type<AccountId>().notNull(),
    bucket: timestamp({ withTimezone: true }).notNull(),
    succeeded: integer().notNull().default(0),
    failed: integer().notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.bucket] })],
);
