import type { EventType } from './events.ts';
import type { ReportDecision, ReviewReason, Surplus } from './payment.ts';

/**
 * What a merchant wants paid. `closed` and `failed` are ends without money; `paid` only goes on to
 * `partially_refunded` and `refunded`.
 */
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

/** What becomes of money that arrives after the order was closed. */
export type LatePayment = 'refund' | 'accept';

/** What the merchant answered when asked to confirm; null where nobody asks. */
export type Confirmation = 'awaited' | 'accepted' | 'rejected' | 'timed_out';

export type OrderState = {
  status: OrderStatus;
  reviewReason: ReviewReason | null;
  latePayment: LatePayment;
  /** Set while another attempt is about to take the place of the one that is being closed. */
  switchRequestedTo: string | null;
};

/** The rest of an order, seen from one of its payments. */
export type Siblings = {
  /** Another payment has brought, or holds, the order's money. */
  hasMoney: boolean;
  /** Another payment may still be made. */
  hasOpen: boolean;
};

export type OrderChange =
  | { kind: 'none' }
  | { kind: 'authorized'; status: 'authorized'; event: EventType }
  | { kind: 'paid'; status: 'paid'; event: EventType }
  /** Money the order has no use for: recorded, shown, and given back. */
  | { kind: 'surplus'; surplus: Surplus; event: EventType }
  | { kind: 'closed'; status: 'closed'; event: EventType; closeReason: CloseReason }
  | { kind: 'failed'; status: 'failed'; event: EventType }
  /** An open order moves to `review`; an ended one keeps its end and is only marked. */
  | { kind: 'review'; status: OrderStatus; event: EventType; reviewReason: ReviewReason };

const noChange = { kind: 'none' } as const;

/** True once the payer and we are done, one way or the other. */
export function isEnded(status: OrderStatus): boolean {
  return hasBeenPaid(status) || isUnpaidEnd(status);
}

/** True for an order that has its money, also if some or all of it was given back. */
export function hasBeenPaid(status: OrderStatus): boolean {
  return status === 'paid' || status === 'partially_refunded' || status === 'refunded';
}

function isUnpaidEnd(status: OrderStatus): boolean {
  return status === 'closed' || status === 'failed';
}

/** Decides what a decision about one of its payments means for the order. Pure; never leaves a paid end. */
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
        // Held late it is let go, also where late money is accepted: nobody is left to capture it.
        surplusOf({ ...order, latePayment: 'refund' }, siblings) ?? {
          kind: 'authorized',
          status: 'authorized',
          event: 'order.authorized',
        }
      );
    case 'settle':
      return surplusOf(order, siblings) ?? { kind: 'paid', status: 'paid', event: 'order.paid' };
    case 'close':
      // A provider that first contradicted itself and then closes is for a person to judge.
      if (order.status !== 'pending' && order.status !== 'authorized') return noChange;
      if (siblings.hasMoney || siblings.hasOpen || order.switchRequestedTo !== null)
        return noChange;
      return { kind: 'closed', status: 'closed', event: 'order.closed', closeReason };
    case 'review':
      // Nobody waits for any: there is nothing to decide about its amount.
      if (decision.money && isEnded(order.status)) {
        const surplus = surplusOf({ ...order, latePayment: 'refund' }, siblings);
        if (surplus) return surplus;
      }
      return markForReview(order, decision.reason);
  }
}

/** What becomes of the payment: money of another amount that goes back whole is taken as any other first. */
export function carriedOut(decision: ReportDecision, change: OrderChange): ReportDecision {
  const isSurplus = decision.kind === 'review' && change.kind === 'surplus';
  return isSurplus && decision.money ? { kind: 'settle', ...decision.money } : decision;
}

/** Money nobody waits for any more; undefined where the order takes it. */
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

/** Decides what a provider's refusal to open a payment means for the order, once no other account is left. */
export function decideOnRefusal(order: { status: OrderStatus }): OrderChange {
  if (order.status !== 'pending') return noChange;
  return { kind: 'failed', status: 'failed', event: 'order.failed' };
}

/** A paid order's status by what of its money was given back. */
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
 * How long to wait before asking the provider when no notification came: 10 s, 20 s, 40 s, then every
 * minute; an order in review, or one whose money is held, less and less, up to once an hour.
 */
export function nextPollMs({ polls, isIdle }: { polls: number; isIdle: boolean }): number {
  const longestMs = isIdle ? longestIdlePollMs : longestPollMs;
  return Math.min(firstPollMs * 2 ** Math.min(polls, 20), longestMs);
}
