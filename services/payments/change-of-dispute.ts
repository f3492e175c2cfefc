import { isDisputeOpen } from '../../domain/dispute.ts';
import type { DisputeReport, DisputeStatus } from '../../domain/dispute.ts';
import type { EventType } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { positionOfDispute, postingBetween } from '../../domain/ledger.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';

/** What the provider's answer about a dispute changes in our rows, as the newer truth; undefined where it is known. */
export function changeOfDispute(input: {
  read: OrderRead;
  payment: PaymentRow;
  report: DisputeReport;
}): Change | undefined {
  const { read, payment, report } = input;
  const known = read.disputes.find(({ disputeNo }) => disputeNo === report.disputeNo);
  const isSameStatus = known?.status === report.status;
  if (isSameStatus && known.amountMinor === report.amountMinor) return undefined;
  const at = new Date();
  const dispute = {
    id: known?.id ?? newId('dispute'),
    orderId: read.order.id,
    paymentId: payment.id,
    accountId: payment.accountId,
    disputeNo: report.disputeNo,
    status: report.status,
    reason: report.reason,
    // What is taken in the end need not be what was asked about first.
    amountMinor: report.amountMinor,
    currency: report.currency,
    createdAt: known?.createdAt ?? at,
    endedAt: isDisputeOpen(report.status) ? null : at,
  };
  const posting = postingBetween(
    // Each version of the order enters it once: what was lost may be won, and lost again.
    `dispute:${dispute.id}:${report.status}:${read.order.version + 1}`,
    positionOfDispute(known?.status, known?.amountMinor ?? 0),
    positionOfDispute(report.status, dispute.amountMinor),
  );
  return {
    order: {},
    dispute,
    // An order's books are in its currency: what its bank holds in another is not an amount in them.
    ledger:
      // Of a payment that is not booked yet, as in review, it is booked with the payment.
      posting && dispute.currency === payment.currency && payment.status === 'succeeded'
        ? { accountId: payment.accountId, postings: [posting] }
        : undefined,
    event: isSameStatus ? null : { type: eventOf[report.status], about: dispute.id },
  };
}

const eventOf: Record<DisputeStatus, EventType> = {
  inquiry: 'dispute.inquiry_opened',
  inquiry_closed: 'dispute.inquiry_closed',
  open: 'dispute.opened',
  won: 'dispute.won',
  lost: 'dispute.lost',
};
