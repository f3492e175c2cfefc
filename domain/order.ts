import type { EventType } from './events.ts';
import type { ReportDecision, ReviewReason } from './payment.ts';

/** What a merchant wants paid. `paid`, `closed` and `failed` are ends: nothing moves an order out of them. */
export const orderStatuses = ['pending', 'review', 'paid', 'closed', 'failed'] as const;
export type OrderStatus = (typeof orderStatuses)[number];

export type CloseReason = 'expired' | 'cancelled' | 'closed_by_provider';

export type OrderChange =
  | { kind: 'none' }
  | { kind: 'paid'; status: 'paid'; event: EventType }
  | { kind: 'closed'; status: 'closed'; event: EventType; closeReason: CloseReason }
  | { kind: 'failed'; status: 'failed'; event: EventType }
  /** An open order moves to `review`; an ended one keeps its end and is only marked. */
  | { kind: 'review'; status: OrderStatus; event: EventType; reviewReason: ReviewReason };

const noChange = { kind: 'none' } as const;

export function isEnded(status: OrderStatus): boolean {
  return status === 'paid' || status === 'closed' || status === 'failed';
}

/** Decides what a decision about one of its payments means for the order. Pure; never leaves an end state. */
export function decideOnOrder(
  order: { status: OrderStatus; reviewReason: ReviewReason | null },
  decision: ReportDecision,
  closeReason: CloseReason,
): OrderChange {
  switch (decision.kind) {
    case 'unchanged':
      return noChange;
    case 'settle':
      if (decision.late || isEnded(order.status)) return markForReview(order, 'late_payment');
      return { kind: 'paid', status: 'paid', event: 'order.paid' };
    case 'close':
      // A provider that first contradicted itself and then closes is for a person to judge.
      if (order.status !== 'pending') return noChange;
      return { kind: 'closed', status: 'closed', event: 'order.closed', closeReason };
    case 'review':
      return markForReview(order, decision.reason);
  }
}

function markForReview(
  order: { status: OrderStatus; reviewReason: ReviewReason | null },
  reviewReason: ReviewReason,
): OrderChange {
  if (order.reviewReason === reviewReason) return noChange;
  const status = isEnded(order.status) ? order.status : 'review';
  return { kind: 'review', status, event: 'order.review_required', reviewReason };
}

/** Decides what a provider's refusal to open a payment means for the order. */
export function decideOnRefusal(order: { status: OrderStatus }): OrderChange {
  if (order.status !== 'pending') return noChange;
  return { kind: 'failed', status: 'failed', event: 'order.failed' };
}

const firstPollMs = 10_000;
const longestPollMs = 60_000;
const longestReviewPollMs = 3_600_000;

/**
 * How long to wait before asking the provider when no notification came: 10 s, 20 s, 40 s, then every
 * minute; an order in review is asked about less and less, up to once an hour.
 */
export function nextPollMs({ polls, inReview }: { polls: number; inReview: boolean }): number {
  const longestMs = inReview ? longestReviewPollMs : longestPollMs;
  return Math.min(firstPollMs * 2 ** Math.min(polls, 20), longestMs);
}
