import {
  bigint,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { AccountId, MerchantId, OrderId, PaymentId } from '../../domain/ids.ts';
import type { CloseReason, OrderStatus } from '../../domain/order.ts';
import type { NextAction, PaymentStatus, ReviewReason } from '../../domain/payment.ts';
import { merchants } from './merchants.ts';
import { providerAccounts } from './provider-accounts.ts';

export const orders = pgTable(
  'orders',
  {
    id: text().$type<OrderId>().primaryKey(),
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    merchantOrderNo: text().notNull(),
    /** SHA-256 of the canonical request: the same number with another content is a conflict. */
    requestHash: text().notNull(),
    status: text().$type<OrderStatus>().notNull().default('pending'),
    /** Grows with every change a reader can see; the ETag. */
    version: integer().notNull().default(1),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    subject: text().notNull(),
    method: text().notNull(),
    metadata: jsonb().$type<Record<string, string>>().notNull(),
    /** Opens the checkout page; 128 random bits. */
    checkoutToken: text().notNull().unique(),
    returnUrl: text(),
    reviewReason: text().$type<ReviewReason>(),
    closeReason: text().$type<CloseReason>(),
    failureCode: text(),
    /** When the sweep last looked after this order. */
    sweptAt: timestamp({ withTimezone: true }),
    cancelRequestedAt: timestamp({ withTimezone: true }),
    expiresAt: timestamp({ withTimezone: true }).notNull(),
    paidAt: timestamp({ withTimezone: true }),
    closedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('orders_merchant_order_no').on(t.merchantId, t.merchantOrderNo),
    index('orders_by_merchant').on(t.merchantId, t.id),
    // What the sweep looks for: orders that may have lost their workflow.
    index('orders_open')
      .on(t.createdAt)
      .where(sql`${t.status} in ('pending', 'review')`),
  ],
);

export const payments = pgTable(
  'payments',
  {
    id: text().$type<PaymentId>().primaryKey(),
    orderId: text()
      .$type<OrderId>()
      .notNull()
      .references(() => orders.id),
    accountId: text()
      .$type<AccountId>()
      .notNull()
      .references(() => providerAccounts.id),
    /** Our number at the provider; written before the provider is called. */
    outTradeNo: text().notNull(),
    providerTradeNo: text(),
    status: text().$type<PaymentStatus>().notNull().default('created'),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    nextAction: jsonb().$type<NextAction>(),
    failureCode: text(),
    settledAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('payments_out_trade_no').on(t.accountId, t.outTradeNo),
    index('payments_by_order').on(t.orderId),
  ],
);
