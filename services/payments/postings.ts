import {
  positionOfCapture,
  positionOfDispute,
  positionOfRefund,
  postingBetween,
} from '../../domain/ledger.ts';
import type { LedgerPosting } from '../../domain/ledger.ts';
import type { OrderRead, PaymentRow, RefundRow } from '../../db/queries/read-order.ts';

/** What is entered when a payment's money is taken, and where nobody waits for it set aside to be given back. */
export function postingsOfCapture(
  { disputes }: Pick<OrderRead, 'disputes'>,
  payment: PaymentRow,
  capturedMinor: number,
  given: RefundRow | undefined,
): LedgerPosting[] {
  const taken = postingBetween(`capture:${payment.id}`, {}, positionOfCapture(capturedMinor));
  // Disputed before it was booked, as in review.
  const disputed = disputes
    .filter(({ paymentId, currency }) => paymentId === payment.id && currency === payment.currency)
    .map(({ id, status, amountMinor }) =>
      postingBetween(`dispute:${id}:${status}:booked`, {}, positionOfDispute(status, amountMinor)),
    );
  return [taken, ...disputed, ...(given ? postingsOfReserve(given) : [])].filter(
    (posting) => posting !== undefined,
  );
}

/** What is entered when a refund is reserved. */
export function postingsOfReserve(refund: RefundRow): LedgerPosting[] {
  const position = positionOfRefund(refund.status, refund.amountMinor);
  const reserved = postingBetween(`refund:${refund.id}:reserved`, {}, position);
  return reserved ? [reserved] : [];
}
