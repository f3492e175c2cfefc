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
import type { CloseReason, Confirmation, LatePayment, OrderStatus } from '../../domain/order.ts';
import type {
  CaptureMethod,
  NextAction,
  PaymentStatus,
  ReviewReason,
  Surplus,
} from '../../domain/payment.ts';
import type { ReviewFacts, ReviewVerb } from '../../domain/review.ts';
import { merchants } from './merchants.ts';
import { providerAccounts } from './provider-accounts.ts';

export type OrderPayer = { providerUserId?: string | undefined; ip?: string | undefined };

export const orders = pgTable(
  'orders',
  {
    id: text().$type<OrderId>().primaryKey(),
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    merchantOrderNo: text().notNull(),
    /** SHA-256 of the canonical request: the same order number with other content is a conflict. */
    requestHash: text().notNull(),
    status: text().$type<OrderStatus>().notNull().default('pending'),
    /** Incremented with every visible change; the ETag. */
    version: integer().notNull().default(1),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    subject: text().notNull(),
    /** The allowed methods, the preferred one first. */
    methods: text().array().notNull(),
    capture: text().$type<CaptureMethod>().notNull().default('automatic'),
    /** What to do with money that arrives after the order was closed. */
    latePayment: text().$type<LatePayment>().notNull().default('refund'),
    /** Payer data that some methods need. */
    payer: jsonb().$type<OrderPayer>().notNull().default({}),
    /** The URL that is asked to confirm the order, and for how long. */
    confirmUrl: text(),
    confirmSeconds: integer(),
    confirmation: text().$type<Confirmation>(),
    /** Over all payments that count for the order: captured, and refunded of that. */
    capturedMinor: bigint({ mode: 'number' }).notNull().default(0),
    refundedMinor: bigint({ mode: 'number' }).notNull().default(0),
    metadata: jsonb().$type<Record<string, string>>().notNull(),
    /** Opens the checkout page; 128 random bits. */
    checkoutToken: text().notNull().unique(),
    returnUrl: text(),
    reviewReason: text().$type<ReviewReason>(),
    /** The facts that a person needs to decide; valid only if their reason equals `reviewReason`. */
    reviewFacts: jsonb().$type<ReviewFacts>(),
    closeReason: text().$type<CloseReason>(),
    failureCode: text(),
    /** When the recovery job last handled this order. */
    recoveredAt: timestamp('swept_at', { withTimezone: true }),
    /** Commands, recorded before any workflow receives them. */
    cancelRequestedAt: timestamp({ withTimezone: true }),
    captureRequestedMinor: bigint({ mode: 'number' }),
    switchRequestedTo: text(),
    reviewVerb: text().$type<ReviewVerb>(),
    /** When the latest command was requested; null if none is pending. */
    commandedAt: timestamp('wished_at', { withTimezone: true }),
    expiresAt: timestamp({ withTimezone: true }).notNull(),
    authorizedAt: timestamp({ withTimezone: true }),
    paidAt: timestamp({ withTimezone: true }),
    closedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('orders_merchant_order_no').on(t.merchantId, t.merchantOrderNo),
    index('orders_by_merchant').on(t.merchantId, t.id),
    // For the recovery job: orders that may have lost their workflow.
    index('orders_open')
      .on(t.createdAt)
      .where(sql`${t.status} in ('pending', 'authorized', 'review')`),
    index('orders_unconfirmed')
      .on(t.paidAt)
      .where(sql`${t.confirmation} = 'awaited'`),
    index('orders_commanded')
      .on(t.commandedAt)
      .where(sql`${t.commandedAt} is not null`),
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
    method: text().notNull(),
    /** Our number at the provider; stored before the provider is called. */
    outTradeNo: text().notNull(),
    /** The provider's handle of the unpaid payment, and its number of the paid trade. */
    providerRef: text(),
    providerTradeNo: text(),
    status: text().$type<PaymentStatus>().notNull().default('created'),
    amountMinor: bigint({ mode: 'number' }).notNull(),
    currency: text().notNull(),
    /** The amount captured from the payer. */
    capturedMinor: bigint({ mode: 'number' }).notNull().default(0),
    /** Money that the order cannot use, because it is late or a duplicate. It is refunded. */
    surplus: text().$type<Surplus>(),
    nextAction: jsonb().$type<NextAction>(),
    /** Until when the payer can use the code or address; null if it lives as long as the order. */
    handleExpiresAt: timestamp({ withTimezone: true }),
    failureCode: text(),
    settledAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('payments_out_trade_no').on(t.accountId, t.outTradeNo),
    index('payments_by_order').on(t.orderId),
    index('payments_by_trade_no')
      .on(t.accountId, t.providerTradeNo)
      .where(sql`${t.providerTradeNo} is not null`),
  ],
);
