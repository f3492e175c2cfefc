import { positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow, RefundRow } from '../../db/queries/read-order.ts';
import { orderAfter } from './change-of-refund.ts';
import { newRefund } from './new-refund.ts';

/** The change that records a refund made at the provider. `numbers`: the provider's, if known. */
export function changeOfMadeRefund(input: {
  read: OrderRead;
  payment: PaymentRow;
  amountMinor: number;
  numbers?: Pick<RefundRow, 'refundNo' | 'providerRefundNo'>;
  refundedAt?: string | undefined;
}): Change {
  const { read, payment, amountMinor, numbers, refundedAt } = input;
  const refund = {
    ...newRefund({
      read,
      payment,
      amountMinor,
      cause: 'at_provider',
      reason: 'Refunded at the provider',
    }),
    ...numbers,
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
