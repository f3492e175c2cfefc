import { refundableMinor } from '../../domain/refund.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import { changeOfMadeRefund } from './change-of-made-refund.ts';

/**
 * What it changes that all of a payment went back to the payer, by refunds whose numbers the provider did not say:
 * what no refund of ours accounts for becomes one made there. Undefined where nothing is left.
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
