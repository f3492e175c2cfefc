import { index, jsonb, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { AccountId, NotificationId, OrderId, PaymentId, RefundId } from '../../domain/ids.ts';
import type { ProviderNews, ReportBinding } from '../../domain/payment.ts';
import { providerAccounts } from './provider-accounts.ts';

/**
 * The outcome of a notification. `unmatched`: authentic, but not for a payment of ours; `foreign`: of a payment that
 * carries our number but was not opened by us.
 */
export type NotificationOutcome =
  | 'applied'
  | 'unchanged'
  | 'review'
  | 'unmatched'
  | 'foreign'
  | 'unsupported';

// 'unsupported' occurs only in old rows, from before refund notifications were applied.

/** The inbox of provider notifications, stored before they are acknowledged. Append-mostly. */
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
