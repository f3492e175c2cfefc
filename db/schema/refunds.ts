import { bigint, index, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { DisputeStatus } from '../../domain/dispute.ts';
import type {
  AccountId,
  DisputeId,
  MerchantId,
  OrderId,
  PaymentId,
  RefundId,
} from '../../domain/ids.ts';
import type { RefundCause, RefundStatus } from '../../domain/refund.ts';
import { orders, payments } from './orders.ts';
import { providerAccounts } from './provider-accounts.ts';

/** A refund reserves its amount from its creation until it is known to have failed. */
export const refunds = pgTable(
  'refunds',
  {
    id: text().$type<RefundId>().primaryKey(),
    merchantId: text().$type<MerchantId>().notNull(),
    orderId: text()
      .$type<OrderId>()
      .notNull()
      .references(() => orders.id),
    paymentId: text()
      .$type<PaymentId>()
      .notNull()
      .references(() => payments.id),
    accountId: text()
      .$type<AccountId>()
      .notNull()
      .references(() => providerAccounts.id),
    /** The merchant's own number; null for refunds made by a rule of the platform. */
    merchantRefundNo: text(),
    /** Our number at the provider, stored before the call; for a refund made there, the provider's. */
    refundNo: text().notNull(),
    providerRefundNo: text(),
    cause: text().$type<RefundCause>().notNull(),
    reason: text().notNull(),
    status: text().$type<RefundStatus>().notNull().default('pending'),
    failureCode: text(),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    /** When the recovery job last handled it. */
    recoveredAt: timestamp('swept_at', { withTimezone: true }),
    settledAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('refunds_refund_no').on(t.accountId, t.refundNo),
    uniqueIndex('refunds_merchant_refund_no').on(t.merchantId, t.merchantRefundNo),
    index('refunds_by_order').on(t.orderId),
    index('refunds_open')
      .on(t.createdAt)
      .where(sql`${t.status} = 'pending'`),
  ],
);

/** A dispute by the payer's bank, as reported by the provider. */
export const disputes = pgTable(
  'disputes',
  {
    id: text().$type<DisputeId>().primaryKey(),
    orderId: text()
      .$type<OrderId>()
      .notNull()
      .references(() => orders.id),
    paymentId: text()
      .$type<PaymentId>()
      .notNull()
      .references(() => payments.id),
    accountId: text().$type<AccountId>().notNull(),
    /** The provider's dispute number. */
    disputeNo: text().notNull(),
    status: text().$type<DisputeStatus>().notNull(),
    reason: text().notNull(),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    endedAt: timestamp({ withTimezone: true }),
  },
  (t) => [
    uniqueIndex('disputes_once').on(t.accountId, t.disputeNo),
    index('disputes_by_order').on(t.orderId),
  ],
);
