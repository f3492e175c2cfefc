import type { DisputeStatus } from './dispute.ts';
import type { RefundStatus } from './refund.ts';

/**
 * The books of one merchant at one provider account. Debits are positive: `provider` is what the
 * provider owes; `merchant` what is the merchant's; `refunds` what is on its way back to payers;
 * `disputes` what a payer's bank holds.
 */
export const ledgerBooks = ['provider', 'merchant', 'refunds', 'disputes'] as const;
export type LedgerBook = (typeof ledgerBooks)[number];

/** How much one thing (a payment, a refund, a dispute) moves in each book. Sums to zero. */
export type Position = Partial<Record<LedgerBook, number>>;

export type LedgerPosting = {
  /** What moved; entered once. */
  transaction: string;
  lines: { book: LedgerBook; amountMinor: number }[];
};

/** Money taken from a payer: the provider owes it, and it is the merchant's. */
export function positionOfCapture(capturedMinor: number): Position {
  return { provider: capturedMinor, merchant: -capturedMinor };
}

/** A refund takes from the merchant at once, and from the provider when it is done. */
export function positionOfRefund(status: RefundStatus | undefined, amountMinor: number): Position {
  switch (status) {
    case 'pending':
      return { merchant: amountMinor, refunds: -amountMinor };
    case 'succeeded':
      return { merchant: amountMinor, provider: -amountMinor };
    case 'failed':
    case 'needs_attention':
    case undefined:
      return {};
  }
}

/** A dispute holds the merchant's money until it is decided; a lost one takes it from the provider; an inquiry moves none. */
export function positionOfDispute(
  status: DisputeStatus | undefined,
  amountMinor: number,
): Position {
  switch (status) {
    case 'open':
      return { merchant: amountMinor, disputes: -amountMinor };
    case 'lost':
      return { merchant: amountMinor, provider: -amountMinor };
    case 'inquiry':
    case 'inquiry_closed':
    case 'won':
    case undefined:
      return {};
  }
}

/** What has to be entered to get from one position to another; undefined where nothing moves. */
export function postingBetween(
  transaction: string,
  before: Position,
  after: Position,
): LedgerPosting | undefined {
  const lines = ledgerBooks
    .map((book) => ({ book, amountMinor: (after[book] ?? 0) - (before[book] ?? 0) }))
    .filter(({ amountMinor }) => amountMinor !== 0);
  return lines.length > 0 ? { transaction, lines } : undefined;
}
