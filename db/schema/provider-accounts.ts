import { jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { AccountId, MerchantId } from '../../domain/ids.ts';
import { merchants } from './merchants.ts';

export const providerAccounts = pgTable('provider_accounts', {
  id: text().$type<AccountId>().primaryKey(),
  merchantId: text()
    .$type<MerchantId>()
    .notNull()
    .references(() => merchants.id),
  provider: text().$type<'alipay'>().notNull(),
  /** What is no secret: gateway, app id, seller id, the provider's public key. */
  settings: jsonb().$type<Record<string, string>>().notNull(),
  /** Our private key and the like, sealed (`db/sealed.ts`). */
  sealedCredentials: text().notNull(),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
});
