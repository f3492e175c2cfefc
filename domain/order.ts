import type { EventType } from './events.ts';
import type { ReportDecision, ReviewReason, Surplus } from './payment.ts';

/** `closed` and `failed` are final without money; a `paid` order only becomes `partially_refunded` and `refunded`. */
export const orderStatuses = [
  'pending',
  'authorized',
  'review',
  'paid',
  'partially_refunded',
  'refunded',
  'closed',
  'failed',
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

export type CloseReason =
  | 'expired'
  | 'cancelled'
  | 'rejected'
  | 'closed_by_provider'
  | 'refunded_in_review'
  | 'dismissed_in_review';

/** What to do with money that arrives after the order was closed. */
export type LatePayment = 'refund' | 'accept';

/** The merchant's answer to the confirmation request; null if confirmation is off. */
export type Confirmation = 'awaited' | 'accepted' | 'rejected' | 'timed_out';

export type OrderState = {
  status: OrderStatus;
  reviewReason: ReviewReason | null;
  latePayment: LatePayment;
  /** Set while the current attempt is closed in order to be replaced. */
  switchRequestedTo: string | null;
};

/** The order's other payments, seen from one of them. */
export type Siblings = {
  /** Another payment is authorised or has succeeded. */
  hasMoney: boolean;
  /** Another payment can still be made. */
  hasOpen: boolean;
};

export type OrderChange =
  | { kind: 'none' }
  | { kind: 'authorized'; status: 'authorized'; event: EventType }
  | { kind: 'paid'; status: 'paid'; event: EventType }
  /** Money that the order cannot use: recorded, shown, and refunded. */
  | { kind: 'surplus'; surplus: Surplus; event: EventType }
  | { kind: 'closed'; status: 'closed'; event: EventType; closeReason: CloseReason }
  | { kind: 'failed'; status: 'failed'; event: EventType }
  /** An open order moves to `review`; an ended one keeps its status and is only marked. */
  | { kind: 'review'; status: OrderStatus; event: EventType; reviewReason: ReviewReason };

const noChange = { kind: 'none' } as const;

/** True for a final status, paid or unpaid. */
export function isEnded(status: OrderStatus): boolean {
  return hasBeenPaid(status) || isUnpaidEnd(status);
}

/** True for an order that was paid, even if some or all of it was refunded. */
export function hasBeenPaid(status: OrderStatus): boolean {
  return status === 'paid' || status === 'partially_refunded' || status === 'refunded';
}

function isUnpaidEnd(status: OrderStatus): boolean {
  return status === 'closed' || status === 'failed';
}

/** Decides what a decision about one payment means for its order. Pure; never leaves a paid status. */
export function decideOnOrder(
  order: OrderState,
  decision: ReportDecision,
  { siblings, closeReason }: { siblings: Siblings; closeReason: CloseReason },
): OrderChange {
  switch (decision.kind) {
    case 'unchanged':
      return noChange;
    case 'authorize':
      return (
        // A late authorisation is voided even where late money is accepted, because nobody is left to capture it.
        surplusOf({ ...order, latePayment: 'refund' }, siblings) ?? {
          kind: 'authorized',
          status: 'authorized',
          event: 'order.authorized',
        }
      );
    case 'settle':
      return surplusOf(order, siblings) ?? { kind: 'paid', status: 'paid', event: 'order.paid' };
    case 'close':
      // After a contradiction by the provider, a person judges its close.
      if (order.status !== 'pending' && order.status !== 'authorized') return noChange;
      if (siblings.hasMoney || siblings.hasOpen || order.switchRequestedTo !== null)
        return noChange;
      return { kind: 'closed', status: 'closed', event: 'order.closed', closeReason };
    case 'review':
      // The order is over, so any amount is surplus and needs no review.
      if (decision.money && isEnded(order.status)) {
        const surplus = surplusOf({ ...order, latePayment: 'refund' }, siblings);
        if (surplus) return surplus;
      }
      return markForReview(order, decision.reason);
  }
}

/** The decision to apply to the payment: surplus money of another amount is settled first, and then refunded whole. */
export function decisionToApply(decision: ReportDecision, change: OrderChange): ReportDecision {
  const isSurplus = decision.kind === 'review' && change.kind === 'surplus';
  return isSurplus && decision.money ? { kind: 'settle', ...decision.money } : decision;
}

/** The change for money that the order cannot use; undefined if the order takes it. */
function surplusOf(order: OrderState, { hasMoney }: Siblings): OrderChange | undefined {
  if (hasMoney || hasBeenPaid(order.status)) {
    return { kind: 'surplus', surplus: 'duplicate', event: 'order.duplicate_payment' };
  }
  if (isUnpaidEnd(order.status) && order.latePayment === 'refund') {
    return { kind: 'surplus', surplus: 'late', event: 'order.late_payment' };
  }
  return undefined;
}

function markForReview(order: OrderState, reviewReason: ReviewReason): OrderChange {
  if (order.reviewReason === reviewReason) return noChange;
  const status = isEnded(order.status) ? order.status : 'review';
  return { kind: 'review', status, event: 'order.review_required', reviewReason };
}

/** Decides what a provider's refusal to open a payment means for the order when no other account is left. */
export function decideOnRefusal(order: { status: OrderStatus }): OrderChange {
  if (order.status !== 'pending') return noChange;
  return { kind: 'failed', status: 'failed', event: 'order.failed' };
}

/** A paid order's status by the refunded amount. */
export function statusOfRefunded(order: {
  status: OrderStatus;
  capturedMinor: number;
  refundedMinor: number;
}): OrderStatus {
  if (!hasBeenPaid(order.status)) return order.status;
  if (order.refundedMinor <= 0) return 'paid';
  return order.refundedMinor < order.capturedMinor ? 'partially_refunded' : 'refunded';
}

const firstPollMs = 10_000;
const longestPollMs = 60_000;
const longestIdlePollMs = 3_600_000;

/**
 * Poll interval when no notification arrives: 10 s, 20 s, 40 s, then every minute. In review or authorised, the
 * interval keeps doubling up to one hour.
 */
export function nextPollMs({ polls, isIdle }: { polls: number; isIdle: boolean }): number {
  const longestMs = isIdle ? longestIdlePollMs : longestPollMs;
  return Math.min(firstPollMs * 2 ** Math.min(polls, 20), longestMs);
}
