import type { DisputeStatus } from './dispute.ts';
import type { PaymentStatus } from './payment.ts';
import type { RefundStatus } from './refund.ts';

/** `waiting`: the provider has not published the day's statement yet. */
export const reconciliationStatuses = ['running', 'waiting', 'done', 'failed'] as const;
export type ReconciliationStatus = (typeof reconciliationStatuses)[number];

/** `acknowledged`: a person has accepted the difference; later runs keep it so. */
export const differenceStatuses = ['open', 'healed', 'acknowledged'] as const;
export type DifferenceStatus = (typeof differenceStatuses)[number];

/** The kinds of difference between our books and a provider's statement, and what to do about each. */
export const differenceKinds = {
  missing_here_payment:
    'The provider has the money, but its answer to a query did not settle our payment: see the note, and compare the trade in its portal.',
  missing_here_refund:
    'The provider refunded money, and our books do not show it: see the note, and compare the refund in its portal.',
  pending_refund_settled:
    'The statement has a refund that is still pending here, and the provider did not confirm it when queried: see the note, and run the day again.',
  unknown_trade:
    'The number is not ours: find out who else uses this provider account. Nothing was booked here.',
  missing_there_payment:
    'Our books have a payment that is in no statement of its days: find the trade in the portal before the goods leave, and ask the provider.',
  missing_there_refund:
    'Our books have a refund that is in no statement of its days: ask the provider whether the payer has the money.',
  amount_mismatch: 'Both sides have it, with different amounts: ask the provider which is right.',
  currency_mismatch:
    'Both sides have it, in different currencies: check the account, and ask the provider.',
  missing_here_dispute:
    "The payer's bank has taken or returned money, and our books do not show it: see the note, and compare the dispute in its portal.",
  unreadable_line:
    'A line of the statement cannot be read reliably: read it in the note, and compare its trade in the portal. All other lines were compared.',
  duplicate_line:
    'The statement has it more than once: ask the provider whether the money moved more than once.',
  ledger_mismatch:
    'Our ledger does not match the payment or refund: this is a defect in Tender, report it with the ids given here.',
} as const;
export type DifferenceKind = keyof typeof differenceKinds;

/** Kinds that are resolved automatically when the provider confirms them. */
export const autoResolvableKinds = [
  'missing_here_payment',
  'missing_here_refund',
  'pending_refund_settled',
  'missing_here_dispute',
] as const satisfies DifferenceKind[];

/** The subject of a statement line or a difference. */
export const statementSubjects = ['payment', 'refund', 'dispute', 'line'] as const;
export type StatementSubject = (typeof statementSubjects)[number];

/** One payment, refund or dispute in our books. */
export type OurSide = {
  status: PaymentStatus | RefundStatus | DisputeStatus;
  /** The amount moved, or for a refund to be moved. */
  amountMinor: number;
  currency: string;
  /** The amount moved at the provider by the ledger, positive for refunds too; for a dispute the amount gone. */
  ledgerMinor: number;
};

/** The lines of a day's statement with one number. */
export type TheirSide = {
  lines: number;
  /** Of the newest line; for a dispute negative if the money was taken. */
  amountMinor: number;
  currency: string;
  /** Queried after the statement was made, the provider contradicted its line and agreed with us. */
  isOverruled: boolean;
};

/** Both sides of one payment, refund or dispute; either may be missing. */
export type Pair = {
  about: StatementSubject;
  ours: OurSide | null;
  theirs: TheirSide | null;
  /** For a refund: its payment is one of ours. */
  isPaymentOurs: boolean;
  /**
   * Whether another day's statement has the line that this day's lacks. `undecided`: a statement that could have it
   * does not exist yet; that day's run decides.
   */
  otherDays: 'found' | 'absent' | 'undecided';
};

/**
 * Compares both sides of one number; undefined if they agree. Returns one difference at a time, the first to fix; the
 * next run finds the rest.
 */
export function judgePair(pair: Pair): DifferenceKind | undefined {
  const { about, ours, theirs } = pair;
  if (about === 'line') return 'unreadable_line';
  if (about === 'dispute') return judgeDispute(pair);
  if (!ours) return theirs ? kindOfStranger(pair) : undefined;
  const isSettled = ours.status === 'succeeded';
  if (!theirs) {
    if (!isSettled) return undefined;
    if (pair.otherDays === 'absent') return `missing_there_${about}` as const;
    return kindOfLedger(ours);
  }
  if (!isSettled) {
    if (about === 'payment') return 'missing_here_payment';
    if (theirs.isOverruled) return undefined;
    return ours.status === 'pending' ? 'pending_refund_settled' : 'missing_here_refund';
  }
  if (theirs.lines > 1) return 'duplicate_line';
  if (theirs.currency !== ours.currency) return 'currency_mismatch';
  if (theirs.amountMinor !== ours.amountMinor) return 'amount_mismatch';
  return kindOfLedger(ours);
}

/** Money taken or returned is the provider's fact; our status may have moved on since. */
function judgeDispute({ ours, theirs, isPaymentOurs }: Pair): DifferenceKind | undefined {
  if (!theirs) return undefined;
  if (!isPaymentOurs) return 'unknown_trade';
  if (!ours) return 'missing_here_dispute';
  const isTaken = theirs.amountMinor < 0;
  const fits = isTaken ? ['open', 'lost', 'won'] : ['won'];
  if (!fits.includes(ours.status)) return 'missing_here_dispute';
  if (theirs.currency !== ours.currency) return 'currency_mismatch';
  if (Math.abs(theirs.amountMinor) !== ours.amountMinor) return 'amount_mismatch';
  const goneMinor = ours.status === 'won' ? 0 : ours.amountMinor;
  return ours.ledgerMinor === goneMinor ? undefined : 'ledger_mismatch';
}

function kindOfStranger({ about, isPaymentOurs }: Pair): DifferenceKind {
  // A refund made in the provider's portal: its payment shows that it is ours.
  return about === 'refund' && isPaymentOurs ? 'missing_here_refund' : 'unknown_trade';
}

function kindOfLedger({ amountMinor, ledgerMinor }: OurSide): DifferenceKind | undefined {
  return amountMinor === ledgerMinor ? undefined : 'ledger_mismatch';
}

/** A movement this close to midnight may appear in the neighbouring day's statement. */
export const borderMs = 3_600_000;

/** The date, `yyyy-mm-dd`, in a time zone. */
export function dateIn(timeZone: string, timeMs: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(timeMs);
}

export function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

export type ReconciliationFacts = {
  id: string;
  accountId: string;
  date: string;
  status: ReconciliationStatus;
  trigger: 'schedule' | 'request';
  entryCount: number;
  matchedCount: number;
  healedCount: number;
  differenceCount: number;
  failure: string | null;
  startedAt: Date;
  endedAt: Date | null;
};

/** A reconciliation as merchants see it, over HTTP and in events. */
export function reconciliationSnapshotOf(run: ReconciliationFacts) {
  return {
    id: run.id,
    object: 'reconciliation' as const,
    accountId: run.accountId,
    date: run.date,
    status: run.status,
    trigger: run.trigger,
    counts: {
      entries: run.entryCount,
      matched: run.matchedCount,
      healed: run.healedCount,
      differences: run.differenceCount,
    },
    failure: run.failure,
    startedAt: run.startedAt.toISOString(),
    endedAt: run.endedAt?.toISOString() ?? null,
  };
}
