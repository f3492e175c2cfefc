import type { DisputeStatus } from './dispute.ts';
import type { DisputeId, MerchantId, OrderId, PaymentId, RefundId } from './ids.ts';
import { isEnded } from './order.ts';
import type { CloseReason, Confirmation, LatePayment, OrderStatus } from './order.ts';
import type { CaptureMethod, PaymentStatus, ReviewReason, Surplus } from './payment.ts';
import type { RefundCause, RefundStatus } from './refund.ts';
import { verbsFor } from './review.ts';
import type { ReviewFacts } from './review.ts';

export type OrderFacts = {
  id: OrderId;
  merchantId: MerchantId;
  merchantOrderNo: string;
  status: OrderStatus;
  version: number;
  amountMinor: number;
  currency: string;
  capturedMinor: number;
  refundedMinor: number;
  subject: string;
  methods: string[];
  capture: CaptureMethod;
  latePayment: LatePayment;
  confirmation: Confirmation | null;
  metadata: Record<string, string>;
  returnUrl: string | null;
  reviewReason: ReviewReason | null;
  reviewFacts: ReviewFacts | null;
  closeReason: CloseReason | null;
  failureCode: string | null;
  expiresAt: Date;
  authorizedAt: Date | null;
  paidAt: Date | null;
  closedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

export type PaymentFacts = {
  id: PaymentId;
  provider: string;
  method: string;
  outTradeNo: string;
  providerTradeNo: string | null;
  status: PaymentStatus;
  amountMinor: number;
  currency: string;
  capturedMinor: number;
  surplus: Surplus | null;
  failureCode: string | null;
  settledAt: Date | null;
};

export type RefundFacts = {
  id: RefundId;
  paymentId: PaymentId;
  merchantRefundNo: string | null;
  refundNo: string;
  providerRefundNo: string | null;
  cause: RefundCause;
  reason: string;
  status: RefundStatus;
  failureCode: string | null;
  amountMinor: number;
  currency: string;
  createdAt: Date;
  settledAt: Date | null;
};

export type DisputeFacts = {
  id: DisputeId;
  paymentId: PaymentId;
  disputeNo: string;
  status: DisputeStatus;
  reason: string;
  amountMinor: number;
  currency: string;
  createdAt: Date;
  endedAt: Date | null;
};

/** An order's payments, refunds and disputes. */
export type OrderParts = {
  payments: readonly PaymentFacts[];
  refunds: readonly RefundFacts[];
  disputes: readonly DisputeFacts[];
};

/** An order as merchants see it, over HTTP and in events. Times are ISO 8601. */
export function snapshotOf(order: OrderFacts, { payments, refunds, disputes }: OrderParts) {
  return {
    id: order.id,
    object: 'order' as const,
    merchantId: order.merchantId,
    merchantOrderNo: order.merchantOrderNo,
    status: order.status,
    version: order.version,
    amountMinor: order.amountMinor,
    currency: order.currency,
    capturedMinor: order.capturedMinor,
    refundedMinor: order.refundedMinor,
    subject: order.subject,
    methods: order.methods,
    capture: order.capture,
    latePayment: order.latePayment,
    confirmation: order.confirmation,
    metadata: order.metadata,
    returnUrl: order.returnUrl,
    reviewReason: order.reviewReason,
    review: reviewOf(order),
    closeReason: order.closeReason,
    failureCode: order.failureCode,
    expiresAt: order.expiresAt.toISOString(),
    authorizedAt: iso(order.authorizedAt),
    paidAt: iso(order.paidAt),
    closedAt: iso(order.closedAt),
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
    payments: payments.map((payment) => ({
      id: payment.id,
      provider: payment.provider,
      method: payment.method,
      outTradeNo: payment.outTradeNo,
      providerTradeNo: payment.providerTradeNo,
      status: payment.status,
      amountMinor: payment.amountMinor,
      currency: payment.currency,
      capturedMinor: payment.capturedMinor,
      surplus: payment.surplus,
      failureCode: payment.failureCode,
      settledAt: iso(payment.settledAt),
    })),
    refunds: refunds.map(refundSnapshotOf),
    disputes: disputes.map(disputeSnapshotOf),
  };
}

/** The open review; null if there is none. Facts recorded for another reason belong to an earlier review. */
export function reviewOf({
  status,
  reviewReason: reason,
  reviewFacts: facts,
}: Pick<OrderFacts, 'status' | 'reviewReason' | 'reviewFacts'>) {
  if (reason === null || facts?.reason !== reason) return null;
  return { ...facts, verbs: verbsFor({ isEnded: isEnded(status), ...facts }) };
}

export type OrderSnapshot = ReturnType<typeof snapshotOf>;

/** A refund as merchants see it. */
export function refundSnapshotOf(refund: RefundFacts) {
  return {
    id: refund.id,
    object: 'refund' as const,
    paymentId: refund.paymentId,
    merchantRefundNo: refund.merchantRefundNo,
    refundNo: refund.refundNo,
    providerRefundNo: refund.providerRefundNo,
    cause: refund.cause,
    reason: refund.reason,
    status: refund.status,
    failureCode: refund.failureCode,
    amountMinor: refund.amountMinor,
    currency: refund.currency,
    createdAt: refund.createdAt.toISOString(),
    settledAt: iso(refund.settledAt),
  };
}

/** A dispute as merchants see it. */
export function disputeSnapshotOf(dispute: DisputeFacts) {
  return {
    id: dispute.id,
    object: 'dispute' as const,
    paymentId: dispute.paymentId,
    disputeNo: dispute.disputeNo,
    status: dispute.status,
    reason: dispute.reason,
    amountMinor: dispute.amountMinor,
    currency: dispute.currency,
    createdAt: dispute.createdAt.toISOString(),
    endedAt: iso(dispute.endedAt),
  };
}

function iso(time: Date | null): string | null {
  return time?.toISOString() ?? null;
}
