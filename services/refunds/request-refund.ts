import type { MerchantId, OrderId, PaymentId } from '../../domain/ids.ts';
import { decideOnRefundRequest } from '../../domain/refund.ts';
import type { RefundCause } from '../../domain/refund.ts';
import type { Database } from '../../db/database.ts';
import { isUniqueViolation } from '../../db/database-errors.ts';
import { withOrderLocked } from '../../db/locked.ts';
import { commitLocked } from '../../db/queries/commit-locked.ts';
import { findRefundByNumber } from '../../db/queries/find-refund.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import type { OrderRead, PaymentRow, RefundRow } from '../../db/queries/read-order.ts';
import { postingsOfReserve } from '../payments/postings.ts';
import { newRefund } from './new-refund.ts';

export type RefundRequest = {
  merchantId: MerchantId;
  orderId: OrderId;
  /** Undefined for the payment that counts for the order. */
  paymentId?: PaymentId | undefined;
  /** The merchant's own number; null for refunds made by a rule of the platform. */
  merchantRefundNo: string | null;
  /** Undefined for all that is left. */
  amountMinor?: number | undefined;
  cause: RefundCause;
  reason: string;
};

export type RequestRefundResult =
  | { kind: 'reserved'; refund: RefundRow }
  /** The same refund was requested before. */
  | { kind: 'existing'; refund: RefundRow }
  /** The number belongs to another refund. */
  | { kind: 'numberTaken'; refund: RefundRow }
  | { kind: 'noPayment' }
  | { kind: 'tooMuch'; refundableMinor: number };

/**
 * Reserves a refund under the order's row lock, so that concurrent requests never exceed the captured amount. The
 * refund's workflow moves the money.
 */
export async function requestRefund(
  db: Database,
  request: RefundRequest,
): Promise<RequestRefundResult> {
  try {
    return await reserve(db, request);
  } catch (error) {
    // Another request used the number under another order's lock meanwhile; the second try finds it.
    if (!isUniqueViolation(error)) throw error;
    return reserve(db, request);
  }
}

function reserve(db: Database, request: RefundRequest): Promise<RequestRefundResult> {
  return withOrderLocked(db, request, async (locked) => {
    const read = await readOrder(locked, request);
    const { merchantId, merchantRefundNo } = request;
    const known =
      merchantRefundNo !== null &&
      (await findRefundByNumber(locked, { merchantId, merchantRefundNo }));
    if (known) return { kind: isSame(known, request) ? 'existing' : 'numberTaken', refund: known };
    const payment = paymentToRefund(read, request.paymentId);
    if (!payment) return { kind: 'noPayment' };
    const decision = decideOnRefundRequest({
      capturedMinor: payment.capturedMinor,
      refunds: read.refunds.filter(({ paymentId }) => paymentId === payment.id),
      amountMinor: request.amountMinor,
    });
    if (decision.kind === 'refused') {
      return { kind: 'tooMuch', refundableMinor: decision.refundableMinor };
    }
    const { amountMinor } = decision;
    const { merchantRefundNo: _, ...rest } = request;
    const refund = newRefund({
      ...rest,
      read,
      payment,
      amountMinor,
      ...(merchantRefundNo !== null && { merchantRefundNo }),
    });
    await commitLocked(locked, {
      read,
      change: {
        order: {},
        newRefund: refund,
        ledger: { accountId: payment.accountId, postings: postingsOfReserve(refund) },
        event: { type: 'refund.created', about: refund.id },
      },
    });
    return { kind: 'reserved', refund };
  });
}

function paymentToRefund(
  { payments }: OrderRead,
  paymentId: PaymentId | undefined,
): PaymentRow | undefined {
  const paid = payments.filter(({ status }) => status === 'succeeded');
  return paymentId === undefined
    ? (paid.find(({ surplus }) => !surplus) ?? paid[0])
    : paid.find(({ id }) => id === paymentId);
}

function isSame(known: RefundRow, request: RefundRequest): boolean {
  return (
    known.orderId === request.orderId &&
    known.reason === request.reason &&
    (request.paymentId === undefined || request.paymentId === known.paymentId) &&
    (request.amountMinor === undefined || request.amountMinor === known.amountMinor)
  );
}
