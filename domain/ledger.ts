import type { DisputeStatus } from './dispute.ts';
import type { RefundStatus } from './refund.ts';

/**
 * The books of one merchant at one provider account. Debits are positive. `provider`: owed by the provider; `merchant`:
 * owed to the merchant; `refunds`: on the way back to payers; `disputes`: held by payers' banks.
 */
export const ledgerBooks = ['provider', 'merchant', 'refunds', 'disputes'] as const;
export type LedgerBook = (typeof ledgerBooks)[number];

/** How much one payment, refund or dispute moves in each book. Sums to zero. */
export type Position = Partial<Record<LedgerBook, number>>;

export type LedgerPosting = {
  /** The key of the posting; each is entered once. */
  transaction: string;
  lines: { book: LedgerBook; amountMinor: number }[];
};

/** A captured payment: the provider owes the money to us, and we owe it to the merchant. */
export function positionOfCapture(capturedMinor: number): Position {
  return { provider: capturedMinor, merchant: -capturedMinor };
}

/** A refund is taken from the merchant when it starts, and from the provider when it succeeds. */
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

/** An open dispute holds the merchant's money; a lost one takes it from the provider; an inquiry moves none. */
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

/**
 * The posting that leads from one position to another; undefined if nothing moves.
 * @example postingBetween('re_1', {}, positionOfRefund('succeeded', 500)) // { transaction: 're_1', lines: provider -500, merchant 500 }
 */
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
