import { newId, outTradeNoOf } from '../../domain/ids.ts';
import type { RefundCause } from '../../domain/refund.ts';
import type { OrderRead, PaymentRow, RefundRow } from '../../db/queries/read-order.ts';

/** A refund as reserved. Its number is stored before the provider is called, and never changes. */
export function newRefund(input: {
  read: OrderRead;
  payment: PaymentRow;
  amountMinor: number;
  cause: RefundCause;
  reason: string;
  merchantRefundNo?: string;
}): RefundRow {
  const id = newId('refund');
  return {
    id,
    merchantId: input.read.order.merchantId,
    orderId: input.read.order.id,
    paymentId: input.payment.id,
    accountId: input.payment.accountId,
    merchantRefundNo: input.merchantRefundNo ?? null,
    refundNo: outTradeNoOf(id),
    providerRefundNo: null,
    cause: input.cause,
    reason: input.reason,
    status: 'pending',
    failureCode: null,
    amountMinor: input.amountMinor,
    currency: input.payment.currency,
    recoveredAt: null,
    settledAt: null,
    createdAt: new Date(),
  };
}
