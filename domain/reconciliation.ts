import type { DisputeStatus } from './dispute.ts';
import type { PaymentStatus } from './payment.ts';
import type { RefundStatus } from './refund.ts';

/** `waiting`: the provider has not made the day's statement yet. */
export const reconciliationStatuses = ['running', 'waiting', 'done', 'failed'] as const;
export type ReconciliationStatus = (typeof reconciliationStatuses)[number];

/** `acknowledged`: a person has looked and takes it as it is; it stays so at every later run. */
export const differenceStatuses = ['open', 'healed', 'acknowledged'] as const;
export type DifferenceStatus = (typeof differenceStatuses)[number];

/** What can differ between our books and a provider's statement, with what its owner has to do. */
export const differenceKinds = {
  missing_here_payment:
    'The provider has the money and was asked, but its answer did not settle our payment: see the note, and compare the trade in its portal.',
  missing_here_refund:
    'The provider gave money back that our books do not count: see the note, and compare the refund in its portal.',
  pending_refund_settled:
    'The statement has a refund that is still pending here, and the provider did not confirm it when asked: see the note, and run the day again.',
  unknown_trade:
    'The number is none of ours: find out who else uses this provider account. Nothing of it was booked here.',
  missing_there_payment:
    'We count a payment that stands in no statement of its days: find the trade in the portal before the goods leave, and ask the provider.',
  missing_there_refund:
    'We count a refund that stands in no statement of its days: ask the provider whether the payer has the money.',
  amount_mismatch: 'Both sides have it, with different amounts: ask the provider which is right.',
  currency_mismatch:
    'Both sides have it, in different currencies: check the account, and ask the provider.',
  missing_here_dispute:
    "The payer's bank has taken money back, or given it back, and our books do not say so: see the note, and compare the dispute in its portal.",
  unreadable_line:
    'A line of the statement cannot be read for sure: read it in the note, and compare its trade in the portal. All other lines were compared.',
  duplicate_line:
    'The statement has it more than once: ask the provider whether the money moved more than once.',
  ledger_mismatch:
    'Our own ledger does not hold what the payment or refund says: a fault of this house, report it with the ids given here.',
} as const;
export type DifferenceKind = keyof typeof differenceKinds;

/** Those that the provider can prove by answering, and that are then set right by themselves. */
export const autoResolvableKinds = [
  'missing_here_payment',
  'missing_here_refund',
  'pending_refund_settled',
  'missing_here_dispute',
] as const satisfies DifferenceKind[];

/** What a line of a statement, and a difference, can be about. */
export const statementSubjects = ['payment', 'refund', 'dispute', 'line'] as const;
export type StatementSubject = (typeof statementSubjects)[number];

/** One payment, refund or dispute as our books have it. */
export type OurSide = {
  status: PaymentStatus | RefundStatus | DisputeStatus;
  /** What moved, or for a refund shall move. */
  amountMinor: number;
  currency: string;
  /** What the ledger says moved at the provider, positive for refunds too; for a dispute what is gone. */
  ledgerMinor: number;
};

/** The lines of a day's statement about one number. */
export type TheirSide = {
  lines: number;
  /** Of the newest line; for a dispute negative where the money was taken. */
  amountMinor: number;
  currency: string;
  /** Asked after the statement was made, the provider agreed with us and not with its line. */
  isOverruled: boolean;
};

/** What the two sides say about one payment, refund or dispute; one of them may know nothing of it. */
export type Pair = {
  about: StatementSubject;
  ours: OurSide | null;
  theirs: TheirSide | null;
  /** Of a refund: the payment it is for is one of ours. */
  isPaymentOurs: boolean;
  /**
   * Where this day's statement has no line: whether another day's has. `undecided` while one that
   * could have it is not made yet; the run of that day decides.
   */
  otherDays: 'found' | 'absent' | 'undecided';
};

/**
 * Judges what the two sides say about one number; undefined where they agree. One difference at a
 * time: what has to be mended first comes first, and the next look finds what is left.
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

/** What is taken or given back is the provider's fact; the outcome may have moved on since. */
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
  // Given back at the provider, as in its portal: the payment says whose it is.
  return about === 'refund' && isPaymentOurs ? 'missing_here_refund' : 'unknown_trade';
}

function kindOfLedger({ amountMinor, ledgerMinor }: OurSide): DifferenceKind | undefined {
  return amountMinor === ledgerMinor ? undefined : 'ledger_mismatch';
}

/** How near to midnight a movement may stand in the neighbouring day's statement. */
export const borderMs = 3_600_000;

/** The day, `yyyy-mm-dd`, that it is in a time zone. */
export function dateIn(timeZone: string, timeMs: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(timeMs);
}

/** The day before. */
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

/** A reconciliation as merchants see it, in answers and in events alike. */
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
