import type { MerchantId, OrderId, PaymentId } from './ids.ts';
import type { CloseReason, OrderStatus } from './order.ts';
import type { PaymentStatus, ReviewReason } from './payment.ts';

export type OrderFacts = {
  id: OrderId;
  merchantId: MerchantId;
  merchantOrderNo: string;
  status: OrderStatus;
  version: number;
  amountMinor: number;
  currency: string;
  subject: string;
  method: string;
  metadata: Record<string, string>;
  returnUrl: string | null;
  reviewReason: ReviewReason | null;
  closeReason: CloseReason | null;
  failureCode: string | null;
  expiresAt: Date;
  paidAt: Date | null;
  closedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

export type PaymentFacts = {
  id: PaymentId;
  provider: string;
  outTradeNo: string;
  providerTradeNo: string | null;
  status: PaymentStatus;
  amountMinor: number;
  currency: string;
  settledAt: Date | null;
};

/** An order as merchants see it, in answers and in events alike. Times are ISO 8601. */
export function snapshotOf(order: OrderFacts, payments: readonly PaymentFacts[]) {
  return {
    id: order.id,
    object: 'order' as const,
    merchantId: order.merchantId,
    merchantOrderNo: order.merchantOrderNo,
    status: order.status,
    version: order.version,
    amountMinor: order.amountMinor,
    currency: order.currency,
    subject: order.subject,
    method: order.method,
    metadata: order.metadata,
    returnUrl: order.returnUrl,
    reviewReason: order.reviewReason,
    closeReason: order.closeReason,
    failureCode: order.failureCode,
    expiresAt: order.expiresAt.toISOString(),
    paidAt: order.paidAt?.toISOString() ?? null,
    closedAt: order.closedAt?.toISOString() ?? null,
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
    payments: payments.map((payment) => ({
      id: payment.id,
      provider: payment.provider,
      outTradeNo: payment.outTradeNo,
      providerTradeNo: payment.providerTradeNo,
      status: payment.status,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      settledAt: payment.settledAt?.toISOString() ?? null,
    })),
  };
}

export type OrderSnapshot = ReturnType<typeof snapshotOf>;
