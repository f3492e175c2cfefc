import { refundableMinor } from '../../domain/refund.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import { changeOfMadeRefund } from './change-of-made-refund.ts';

/**
 * The change for a payment that was refunded completely at the provider, by refunds of unknown number: a refund of the
 * amount that no refund of ours covers. Undefined if nothing is left.
 */
export function changeOfGivenBack({
  read,
  payment,
}: {
  read: OrderRead;
  payment: PaymentRow;
}): Change | undefined {
  if (payment.status !== 'succeeded') return undefined;
  const own = read.refunds.filter(({ paymentId }) => paymentId === payment.id);
  const amountMinor = refundableMinor(payment.capturedMinor, own);
  return amountMinor === 0 ? undefined : changeOfMadeRefund({ read, payment, amountMinor });
}
