import {
  positionOfCapture,
  positionOfDispute,
  positionOfRefund,
  postingBetween,
} from '../../domain/ledger.ts';
import type { LedgerPosting } from '../../domain/ledger.ts';
import type { OrderRead, PaymentRow, RefundRow } from '../../db/queries/read-order.ts';

/** The postings of a captured payment, with those of its disputes and of a surplus refund. */
export function postingsOfCapture(
  { disputes }: Pick<OrderRead, 'disputes'>,
  payment: PaymentRow,
  capturedMinor: number,
  refund: RefundRow | undefined,
): LedgerPosting[] {
  const captured = postingBetween(`capture:${payment.id}`, {}, positionOfCapture(capturedMinor));
  // The dispute came before the payment was booked, as in review.
  const disputed = disputes
    .filter(({ paymentId, currency }) => paymentId === payment.id && currency === payment.currency)
    .map(({ id, status, amountMinor }) =>
      postingBetween(`dispute:${id}:${status}:booked`, {}, positionOfDispute(status, amountMinor)),
    );
  return [captured, ...disputed, ...(refund ? postingsOfReserve(refund) : [])].filter(
    (posting) => posting !== undefined,
  );
}

/** The postings of a reserved refund. */
export function postingsOfReserve(refund: RefundRow): LedgerPosting[] {
  const position = positionOfRefund(refund.status, refund.amountMinor);
  const reserved = postingBetween(`refund:${refund.id}:reserved`, {}, position);
  return reserved ? [reserved] : [];
}
