import { newId, outTradeNoOf } from '../../domain/ids.ts';
import { positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import { refundableMinor } from '../../domain/refund.ts';
import type { RefundReport } from '../../domain/refund.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow, RefundRow } from '../../db/queries/read-order.ts';
import { inReview } from '../payments/in-review.ts';
import { changeOfMadeRefund } from './change-of-made-refund.ts';
import { changeOfRefund } from './change-of-refund.ts';

/**
 * The change for a refund made at the provider, as in its portal. Undefined if nothing is certain yet. A refund of more
 * than the payment has left goes to review.
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
  // Pending refunds do not count against a completed one: of two that exceed the payment the provider refuses one.
  const done = own.filter(({ status }) => status === 'succeeded');
  const isCovered = amountMinor <= refundableMinor(payment.capturedMinor, done);
  const assumed = own.find(
    (refund) => refund.cause === 'at_provider' && refund.providerRefundNo === null,
  );
  if (assumed && currency === assumed.currency && amountMinor <= assumed.amountMinor) {
    return identify({ assumed, refundNo, providerRefundNo, amountMinor });
  }
  if (currency !== payment.currency || !isCovered) {
    const { reviewReason, reviewFacts } = read.order;
    const isDismissed = reviewReason === 'refund_mismatch' && reviewFacts === null;
    const isKnown =
      reviewFacts?.reason === 'refund_mismatch' && reviewFacts.reported.refundNo === refundNo;
    if (isDismissed || isKnown) return undefined;
    return {
      order: inReview({
        payment,
        reason: 'refund_mismatch',
        source: { refund: { no: refundNo, report } },
        at: new Date(),
      }),
      event: { type: 'order.review_required', about: payment.id },
    };
  }
  const numbers = { refundNo, providerRefundNo };
  return changeOfMadeRefund({ read, payment, amountMinor, numbers, refundedAt });
}

/**
 * Gives an assumed refund the number of one that it stands for. If it stands for several, the rest becomes a new
 * assumed refund.
 */
function identify({
  assumed,
  ...known
}: {
  assumed: RefundRow;
  refundNo: string;
  providerRefundNo: string;
  amountMinor: number;
}): Change {
  const rest = assumed.amountMinor - known.amountMinor;
  const change = { order: {}, refund: { id: assumed.id, patch: known }, event: null };
  if (rest === 0) return change;
  const id = newId('refund');
  const position = positionOfRefund('succeeded', rest);
  // The posting is split, so that the books show what each refund moved.
  const postings = [
    postingBetween(`refund:${assumed.id}:split:${known.refundNo}`, position, {}),
    postingBetween(`refund:${id}:succeeded`, {}, position),
  ].filter((posting) => posting !== undefined);
  return {
    ...change,
    newRefund: { ...assumed, id, refundNo: outTradeNoOf(id), amountMinor: rest },
    ledger: { accountId: assumed.accountId, postings },
    // The merchant knows the first refund; this event announces the second, with both amounts.
    event: { type: 'refund.succeeded', about: id },
  };
}
