import { decisionToApply, decideOnOrder } from '../../domain/order.ts';
import type { CloseReason, OrderChange, Siblings } from '../../domain/order.ts';
import { awaitsPayer } from '../../domain/payment.ts';
import type { ReportDecision, Surplus } from '../../domain/payment.ts';
import type { RefundCause } from '../../domain/refund.ts';
import type { Change } from '../../db/queries/commit-change.ts';
import type { OrderRead, PaymentRow, RefundRow } from '../../db/queries/read-order.ts';
import { newRefund } from '../refunds/new-refund.ts';
import { inReview, noReview } from './in-review.ts';
import type { ReportSource } from './in-review.ts';
import { postingsOfCapture } from './postings.ts';

/** The change that a decision on a provider's report makes to our rows; undefined if nothing changes. */
export function changeOfReport(input: {
  read: OrderRead;
  payment: PaymentRow;
  decision: ReportDecision;
  closeReason: CloseReason;
  /** The provider has already refunded all of it. */
  isGivenBack?: boolean;
  /** The source of the decision, recorded for the person who reviews it. */
  source: ReportSource;
}): Change | undefined {
  const { read, payment, closeReason, source, isGivenBack = false } = input;
  const at = new Date();
  const siblings = siblingsOf(read, payment);
  const change = decideOnOrder(read.order, input.decision, { siblings, closeReason });
  const decision = decisionToApply(input.decision, change);
  const surplus = change.kind === 'surplus' ? change.surplus : null;
  const patch = paymentPatch(decision, surplus, at);
  if (change.kind === 'none' && !patch) return undefined;
  const refund =
    surplus && decision.kind === 'settle' && !isGivenBack
      ? surplusRefund(read, payment, decision.capturedMinor, surplus)
      : undefined;
  return {
    order: orderPatch(read, change, decision, { at, payment, source }),
    payment: patch && { id: payment.id, patch },
    newRefund: refund,
    ledger: ledgerOf(read, payment, decision, refund),
    event: change.kind === 'none' ? null : { type: change.event, about: payment.id },
  };
}

/** The refund of the whole amount of a surplus payment. */
export function surplusRefund(
  read: OrderRead,
  payment: PaymentRow,
  amountMinor: number,
  surplus: Surplus,
): RefundRow {
  const { cause, reason } = refundWords[surplus];
  return newRefund({ read, payment, amountMinor, cause, reason });
}

const refundWords: Record<Surplus, { cause: RefundCause; reason: string }> = {
  late: { cause: 'late_payment', reason: 'The order was closed before the payment arrived' },
  duplicate: { cause: 'duplicate_payment', reason: 'The order was paid already' },
  review: { cause: 'review', reason: 'Refunded after review' },
};

function siblingsOf({ payments }: OrderRead, payment: PaymentRow): Siblings {
  const others = payments.filter(({ id }) => id !== payment.id);
  return {
    hasMoney: others.some(
      ({ status, surplus }) => !surplus && (status === 'succeeded' || status === 'authorized'),
    ),
    hasOpen: others.some(({ status }) => awaitsPayer(status)),
  };
}

/** The patch that clears all commands, for an ended order. */
export const noCommands = {
  commandedAt: null,
  cancelRequestedAt: null,
  captureRequestedMinor: null,
  switchRequestedTo: null,
  reviewVerb: null,
} as const;

/** The patch that clears one command after it was carried out; a pending cancellation stays. */
export function commandsAfter(
  order: Pick<OrderRead['order'], 'cancelRequestedAt' | 'commandedAt'>,
  done: 'captureRequestedMinor' | 'switchRequestedTo',
): Change['order'] {
  return { [done]: null, commandedAt: order.cancelRequestedAt && order.commandedAt };
}

/** Confirmation becomes `awaited` when the order has money, if its merchant asked for confirmation. */
export function awaitedConfirmation(
  order: Pick<OrderRead['order'], 'confirmUrl' | 'confirmation'>,
): Change['order'] {
  return order.confirmUrl && !order.confirmation ? { confirmation: 'awaited' } : {};
}

function orderPatch(
  { order }: OrderRead,
  change: OrderChange,
  decision: ReportDecision,
  { at, payment, source }: { at: Date; payment: PaymentRow; source: ReportSource },
): Change['order'] {
  switch (change.kind) {
    case 'none':
    case 'surplus':
      return {};
    case 'authorized':
      return {
        ...awaitedConfirmation(order),
        // An authorised order no longer switches its payment method.
        ...commandsAfter(order, 'switchRequestedTo'),
        reviewVerb: null,
        status: change.status,
        authorizedAt: at,
        ...noReview,
      };
    case 'paid':
      return {
        ...noCommands,
        status: change.status,
        paidAt: settledAt(decision, at),
        capturedMinor: decision.kind === 'settle' ? decision.capturedMinor : 0,
        ...noReview,
        // Accepted late money makes a closed order paid.
        closedAt: null,
        closeReason: null,
        failureCode: null,
        ...awaitedConfirmation(order),
      };
    case 'closed':
      return {
        ...noCommands,
        status: change.status,
        closedAt: at,
        closeReason: reasonToClose(order, change.closeReason, at),
      };
    case 'failed':
      return { ...noCommands, status: change.status, closedAt: at };
    case 'review':
      return {
        // A person decides now: earlier commands must not be carried out weeks later.
        ...(order.status !== 'review' && noCommands),
        status: change.status,
        ...inReview({ payment, reason: change.reviewReason, source, at }),
      };
  }
}

/** A provider may report our own close before we have recorded it; the reason is then ours. */
function reasonToClose(
  order: Pick<OrderRead['order'], 'cancelRequestedAt' | 'confirmation' | 'expiresAt'>,
  refund: CloseReason,
  at: Date,
): CloseReason {
  if (refund !== 'closed_by_provider') return refund;
  if (order.confirmation === 'rejected' || order.confirmation === 'timed_out') return 'rejected';
  if (order.cancelRequestedAt) return 'cancelled';
  return order.expiresAt <= at ? 'expired' : refund;
}

function paymentPatch(decision: ReportDecision, surplus: Surplus | null, at: Date) {
  switch (decision.kind) {
    case 'close':
      return { status: 'closed' as const };
    case 'authorize':
      return {
        status: 'authorized' as const,
        providerTradeNo: decision.providerTradeNo,
        surplus,
      };
    case 'settle':
      return {
        status: 'succeeded' as const,
        providerTradeNo: decision.providerTradeNo,
        capturedMinor: decision.capturedMinor,
        settledAt: settledAt(decision, at),
        surplus,
      };
    case 'unchanged':
    case 'review':
      return undefined;
  }
}

function settledAt(decision: ReportDecision, at: Date): Date {
  return decision.kind === 'settle' && decision.paidAt !== undefined
    ? new Date(decision.paidAt)
    : at;
}

function ledgerOf(
  read: OrderRead,
  payment: PaymentRow,
  decision: ReportDecision,
  refund: RefundRow | undefined,
): Change['ledger'] {
  if (decision.kind !== 'settle') return undefined;
  const postings = postingsOfCapture(read, payment, decision.capturedMinor, refund);
  return { accountId: payment.accountId, postings };
}
