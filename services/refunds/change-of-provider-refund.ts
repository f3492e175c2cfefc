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
  // What is only on its way does not stand against what is done: of two that are too much the provider refuses one.
  const done = own.filter(({ status }) => status === 'succeeded');
  const isCovered = amountMinor <= refundableMinor(payment.capturedMinor, done);
  const assumed = own.find(
    (refund) => refund.cause === 'at_provider' && refund.providerRefundNo === null,
  );
  if (assumed && currency === assumed.currency && amountMinor <= assumed.amountMinor) {
    return named({ assumed, refundNo, providerRefundNo, amountMinor });
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
 * A refund that was only known by what was missing gets the number of one of those it stands for. Where it stands for
 * several the rest goes on as it was.
 */
function named({
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
  // What was entered for both goes with each: the books say of every refund what it moved.
  const postings = [
    postingBetween(`refund:${assumed.id}:split:${known.refundNo}`, position, {}),
    postingBetween(`refund:${id}:succeeded`, {}, position),
  ].filter((posting) => posting !== undefined);
  return {
    ...change,
    newRefund: { ...assumed, id, refundNo: outTradeNoOf(id), amountMinor: rest },
    ledger: { accountId: assumed.accountId, postings },
    // Of the one there were, merchants were told; of the other they hear now, and of both amounts.
    event: { type: 'refund.succeeded', about: id },
  };
}
