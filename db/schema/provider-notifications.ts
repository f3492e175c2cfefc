import { index, jsonb, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { AccountId, NotificationId, OrderId, PaymentId, RefundId } from '../../domain/ids.ts';
import type { ProviderNews, ReportBinding } from '../../domain/payment.ts';
import { providerAccounts } from './provider-accounts.ts';

/**
 * How a notification ended. `unmatched`: authentic, but for no payment of ours; `foreign`: of a payment that
 * carries our number and that we did not open.
 */
export type NotificationOutcome =
  | 'applied'
  | 'unchanged'
  | 'review'
  | 'unmatched'
  | 'foreign'
  | 'unsupported';

// 'unsupported' is history: kept before refunds could be acted on.

/** The inbox: what providers told us, stored before it is acknowledged. Append-mostly. */
export const providerNotifications = pgTable(
  'provider_notifications',
  {
    id: text().$type<NotificationId>().primaryKey(),
    accountId: text()
      .$type<AccountId>()
      .notNull()
      .references(() => providerAccounts.id),
    providerNotificationId: text().notNull(),
    orderId: text().$type<OrderId>(),
    paymentId: text().$type<PaymentId>(),
    refundId: text().$type<RefundId>(),
    binding: jsonb().$type<ReportBinding>().notNull(),
    news: jsonb().$type<ProviderNews>().notNull(),
    rawBody: text().notNull(),
    outcome: text().$type<NotificationOutcome>(),
    receivedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    appliedAt: timestamp({ withTimezone: true }),
  },
  (t) => [
    uniqueIndex('provider_notifications_once').on(t.accountId, t.providerNotificationId),
    index('provider_notifications_waiting')
      .on(t.receivedAt)
      .where(sql`${t.appliedAt} is null`),
  ],
);
