import { positionOfRefund, postingBetween } from '../../domain/ledger.ts';
import { statusOfRefunded } from '../../domain/order.ts';
import { decideOnRefundReport } from '../../domain/refund.ts';
import type { RefundDecision, RefundReport } from '../../domain/refund.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import { paymentOf } from '../../db/queries/read-order.ts';
import type { OrderRead, RefundRow } from '../../db/queries/read-order.ts';
import { inReview } from '../payments/in-review.ts';

/** The change that a provider's report about a refund makes to our rows; undefined if nothing changes. */
export function changeOfRefund(input: {
  read: OrderRead;
  refund: RefundRow;
  report: RefundReport;
}): Change | undefined {
  const { read, refund, report } = input;
  const decision = decideOnRefundReport(refund, report);
  switch (decision.kind) {
    case 'unchanged':
      return recordUnknown(refund, report);
    case 'review':
      if (read.order.reviewReason === decision.reason) return undefined;
      return {
        order: inReview({
          payment: paymentOf(read, refund.paymentId),
          reason: decision.reason,
          source: { refund: { no: refund.refundNo, known: refund, report } },
          at: new Date(),
        }),
        event: { type: 'order.review_required', about: refund.id },
      };
    case 'succeed':
    case 'fail':
      return settle(read, refund, decision);
  }
}

/** Shows the unmapped status, so that a person can close the refund. */
function recordUnknown(refund: RefundRow, report: RefundReport): Change | undefined {
  if (report.status !== 'unknown' || refund.status !== 'pending') return undefined;
  const failureCode = report.providerStatus;
  if (refund.failureCode === failureCode) return undefined;
  return { order: {}, refund: { id: refund.id, patch: { failureCode } }, event: null };
}

function settle(
  read: OrderRead,
  refund: RefundRow,
  decision: Extract<RefundDecision, { kind: 'succeed' | 'fail' }>,
): Change {
  const patch = patchOf(decision);
  return {
    order: orderAfter(read, { ...refund, ...patch }),
    refund: { id: refund.id, patch },
    ledger: refundPosting(read, refund, patch.status),
    event: { type: `refund.${patch.status}`, about: refund.id },
  };
}

function patchOf(decision: Extract<RefundDecision, { kind: 'succeed' | 'fail' }>) {
  if (decision.kind === 'fail') {
    return { status: decision.status, failureCode: decision.code, settledAt: null };
  }
  const { providerRefundNo, refundedAt } = decision;
  const settledAt = refundedAt === undefined ? new Date() : new Date(refundedAt);
  return { status: 'succeeded' as const, providerRefundNo, settledAt, failureCode: null };
}

/** The order's patch after a change of one refund. Only refunds of money that counted for the order count. */
export function orderAfter(read: OrderRead, refund: RefundRow): Change['order'] {
  const { order } = read;
  const refundedMinor = [...read.refunds.filter(({ id }) => id !== refund.id), refund]
    .filter(({ status, paymentId }) => {
      const { surplus } = paymentOf(read, paymentId);
      // A refund decided in review is of the order's money; a late or duplicate payment is not.
      return status === 'succeeded' && (surplus === null || surplus === 'review');
    })
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  return { refundedMinor, status: statusOfRefunded({ ...order, refundedMinor }) };
}

/** The posting of a refund's change of status. Each version of the order enters it once. */
export function refundPosting(
  { order }: OrderRead,
  refund: RefundRow,
  status: RefundRow['status'],
): Change['ledger'] {
  const { id, accountId, amountMinor } = refund;
  const posting = postingBetween(
    `refund:${id}:${status}:${order.version + 1}`,
    positionOfRefund(refund.status, amountMinor),
    positionOfRefund(status, amountMinor),
  );
  return posting && { accountId, postings: [posting] };
}
