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
  /** What is no secret: addresses, app and seller ids, the provider's public key. */
  settings: jsonb().$type<Record<string, string>>().notNull(),
  /** Our private key and the like, sealed (`db/sealed.ts`). */
  sealedCredentials: text().notNull(),
  enabled: boolean().notNull().default(true),
  /** What the account may be used for; null is everything its provider can. */
  methods: text().array(),
  currencies: text().array(),
  leastMinor: bigint({ mode: 'number' }),
  mostMinor: bigint({ mode: 'number' }),
  /** Lower is asked first; among equals `weight` shares the orders out. */
  priority: integer().notNull().default(100),
  weight: integer().notNull().default(1),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});

/** How calls to an account ended, counted by ten-second buckets: what its health is judged by. */
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
