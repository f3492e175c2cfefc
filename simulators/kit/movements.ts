import type { Book, Dispute, Payment, Refund } from './book.ts';

/** A movement of money, as a provider's statement lists it. */
export type Movement =
  | { kind: 'payment'; payment: Payment; atMs: number }
  | { kind: 'refund'; payment: Payment; refund: Refund; atMs: number }
  /** Withdrawn by the payer's bank (negative) or returned. */
  | { kind: 'dispute'; payment: Payment; dispute: Dispute; amountMinor: number; atMs: number };

export type TradeMovement = Exclude<Movement, { kind: 'dispute' }>;

export type MovementQuery = {
  account: string;
  fromMs: number;
  /** Exclusive. */
  untilMs: number;
  /**
   * The time of refunds: `settlement` (default) is when they reached the payer, and only succeeded ones; `acceptance`
   * is when they were accepted, whatever their result.
   */
  refundsAt?: 'settlement' | 'acceptance';
};

/** An account's movements in a period, oldest first. */
export function movementsOf(book: Book, query: MovementQuery): Movement[] {
  const { account, fromMs, untilMs, refundsAt = 'settlement' } = query;
  const movements: Movement[] = [];
  for (const payment of book.payments.values()) {
    if (payment.account !== account || payment.paidAtMs === undefined) continue;
    movements.push({ kind: 'payment', payment, atMs: payment.paidAtMs });
    for (const refund of payment.refunds) {
      const atMs = refundsAt === 'acceptance' ? refund.atMs : settledAtMs(refund);
      if (atMs !== undefined) movements.push({ kind: 'refund', payment, refund, atMs });
    }
    for (const dispute of payment.disputes) {
      for (const move of dispute.moves)
        movements.push({ kind: 'dispute', payment, dispute, ...move });
    }
  }
  return movements
    .filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
    .sort((a, b) => a.atMs - b.atMs);
}

/** The settlement time of a succeeded refund; undefined for others. */
function settledAtMs({ status, settledAtMs }: Refund): number | undefined {
  return status === 'succeeded' ? settledAtMs : undefined;
}

/** The movements for a provider without disputes. */
export function tradeMovementsOf(book: Book, query: MovementQuery): TradeMovement[] {
  return movementsOf(book, query).filter((movement) => movement.kind !== 'dispute');
}

/** What the provider owes the account, by currency: the sum of its statements. */
export function balancesOf(
  book: Book,
  account: string,
): { currency: string; amountMinor: number }[] {
  const balances = new Map<string, number>();
  for (const movement of movementsOf(book, {
    account,
    fromMs: 0,
    untilMs: Number.MAX_SAFE_INTEGER,
  })) {
    const { currency } = movement.payment;
    balances.set(currency, (balances.get(currency) ?? 0) + changeOf(movement));
  }
  return Array.from(balances, ([currency, amountMinor]) => ({ currency, amountMinor }));
}

function changeOf(movement: Movement): number {
  switch (movement.kind) {
    case 'payment':
      return movement.payment.capturedMinor;
    case 'refund':
      return -movement.refund.amountMinor;
    case 'dispute':
      return movement.amountMinor;
  }
}
