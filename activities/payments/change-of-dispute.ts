import type { DisputeReport } from '../../domain/dispute.ts';
import { newId } from '../../domain/ids.ts';
import { positionOfDispute, postingBetween } from '../../domain/ledger.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';

/** What news of a dispute changes in our rows; undefined where it is known, or older than what is known. */
export function changeOfDispute(input: {
  read: OrderRead;
  payment: PaymentRow;
  report: DisputeReport;
}): Change | undefined {
  const { read, payment, report } = input;
  const known = read.disputes.find(({ disputeNo }) => disputeNo === report.disputeNo);
  // A decided dispute stays decided: its opening may be told after its end.
  if (known && (known.status !== 'open' || known.status === report.status)) return undefined;
  const at = new Date();
  const dispute = {
    id: known?.id ?? newId('dispute'),
    orderId: read.order.id,
    paymentId: payment.id,
    accountId: payment.accountId,
    disputeNo: report.disputeNo,
    status: report.status,
    reason: report.reason,
    amountMinor: known?.amountMinor ?? report.amountMinor,
    currency: report.currency,
    createdAt: known?.createdAt ?? at,
    endedAt: report.status === 'open' ? null : at,
  };
  const posting = postingBetween(
    `dispute:${dispute.id}:${report.status}`,
    positionOfDispute(known?.status, dispute.amountMinor),
    positionOfDispute(report.status, dispute.amountMinor),
  );
  const type = { open: 'dispute.opened', won: 'dispute.won', lost: 'dispute.lost' } as const;
  return {
    order: {},
    dispute,
    // An order's books are in its currency: what its bank holds in another is not an amount in them.
    ledger:
      posting && dispute.currency === payment.currency
        ? { accountId: payment.accountId, postings: [posting] }
        : undefined,
    event: { type: type[report.status], about: dispute.id },
  };
}
