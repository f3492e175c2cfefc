import { refundableMinor } from '../../domain/refund.ts';
import type { RefundReport } from '../../domain/refund.ts';
import { positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import { changeOfRefund, orderAfter } from './change-of-refund.ts';
import { newRefund } from './new-refund.ts';

/**
 * What it changes that the provider gave money back without us, as from its portal. Undefined where
 * nothing is certain yet. More than was left of the payment contradicts our books: for a person.
 */
export function changeOfProviderRefund(input: {
  read: OrderRead;
  payment: PaymentRow;
  refundNo: string;
  report: RefundReport;
}): Change | undefined {
  const { read, payment, refundNo, report } = input;
  const known = read.refunds.find(
    (refund) => refund.refundNo === refundNo && refund.paymentId === payment.id,
  );
  if (known) return changeOfRefund({ read, refund: known, report });
  if (report.status !== 'succeeded') return undefined;
  const { refundedMinor: amountMinor, currency, providerRefundNo, refundedAt } = report;
  const own = read.refunds.filter(({ paymentId }) => paymentId === payment.id);
  const isCovered = amountMinor <= refundableMinor(payment.capturedMinor, own);
  if (currency !== payment.currency || !isCovered) {
    if (read.order.reviewReason === 'refund_mismatch') return undefined;
    return {
      order: { reviewReason: 'refund_mismatch' },
      event: { type: 'order.review_required', about: payment.id },
    };
  }
  const refund = {
    ...newRefund({
      ...{ read, payment, amountMinor },
      cause: 'at_provider',
      reason: 'Refunded at the provider',
    }),
    refundNo,
    providerRefundNo,
    status: 'succeeded' as const,
    settledAt: refundedAt === undefined ? new Date() : new Date(refundedAt),
  };
  const posting = postingBetween(
    `refund:${refund.id}:succeeded`,
    {},
    positionOfRefund('succeeded', amountMinor),
  );
  return {
    order: orderAfter(read, refund),
    newRefund: refund,
    ledger: posting && { accountId: payment.accountId, postings: [posting] },
    event: { type: 'refund.succeeded', about: refund.id },
  };
}
