import { positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import { refundableMinor } from '../../domain/refund.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';
import { orderAfter } from './change-of-refund.ts';
import { newRefund } from './new-refund.ts';

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
  if (amountMinor === 0) return undefined;
  const refund = {
    ...newRefund({
      ...{ read, payment, amountMinor },
      ...{ cause: 'at_provider', reason: 'Refunded at the provider' },
    }),
    status: 'succeeded' as const,
    settledAt: new Date(),
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
