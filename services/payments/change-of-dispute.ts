import { isDisputeOpen } from '../../domain/dispute.ts';
import type { DisputeReport, DisputeStatus } from '../../domain/dispute.ts';
import type { EventType } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { positionOfDispute, postingBetween } from '../../domain/ledger.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow } from '../../db/queries/read-order.ts';

/**
 * The change that a provider's report about a dispute makes to our rows; the report is newer. Undefined if nothing
 * changed.
 */
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
    // The amount taken may differ from the amount of the inquiry.
    amountMinor: report.amountMinor,
    currency: report.currency,
    createdAt: known?.createdAt ?? at,
    endedAt: isDisputeOpen(report.status) ? null : at,
  };
  const posting = postingBetween(
    // The version makes the key unique: a lost dispute may be won, and lost again.
    `dispute:${dispute.id}:${report.status}:${read.order.version + 1}`,
    positionOfDispute(known?.status, known?.amountMinor ?? 0),
    positionOfDispute(report.status, dispute.amountMinor),
  );
  return {
    order: {},
    dispute,
    // An order's books are in its currency; a hold in another currency is not posted.
    ledger:
      // If the payment is not booked yet, as in review, the dispute is booked with it.
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
