import { positionOfCapture, positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import type { LedgerPosting } from '../../domain/ledger.ts';
import type { PaymentRow, RefundRow } from '../../db/queries/read-order.ts';

/** What is entered when a payment's money is taken, and where nobody waits for it set aside to be given back. */
export function postingsOfCapture(
  payment: PaymentRow,
  capturedMinor: number,
  given: RefundRow | undefined,
): LedgerPosting[] {
  const taken = postingBetween(`capture:${payment.id}`, {}, positionOfCapture(capturedMinor));
  return [...(taken ? [taken] : []), ...(given ? postingsOfReserve(given) : [])];
}

/** What is entered when a refund is reserved. */
export function postingsOfReserve(refund: RefundRow): LedgerPosting[] {
  const position = positionOfRefund(refund.status, refund.amountMinor);
  const reserved = postingBetween(`refund:${refund.id}:reserved`, {}, position);
  return reserved ? [reserved] : [];
}
