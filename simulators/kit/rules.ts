import { findPayment, findRefund, keyOf } from './book.ts';
import type {
  Book,
  Dispute,
  DisputeState,
  OpenedDispute,
  AcceptedRefund,
  OpenedPayment,
  Payment,
  Refund,
} from './book.ts';
import type { BookEvent } from './events.ts';

/** The reason of a refusal; each provider's gateway maps it to the provider's codes. */
export type RefusalName =
  /** The same number with other terms. */
  | 'conflict'
  | 'amountInvalid'
  | 'expired'
  | 'paid'
  | 'closed'
  | 'notPaid'
  | 'notAuthorized'
  | 'exceedsAuthorized'
  | 'exceedsCaptured'
  | 'refundNotPending'
  | 'alreadyDisputed'
  | 'disputeDecided';

/** Without events the state is already as requested. */
export type Ruling = { events: BookEvent[] } | { refusal: RefusalName };

/**
 * Opens a payment. Repeating it with the same terms has no events, whatever its status; callers check the status first.
 */
export function open(book: Book, payment: OpenedPayment): Ruling {
  const earlier = findPayment(book, payment);
  if (earlier) return earlier.terms === payment.terms ? { events: [] } : { refusal: 'conflict' };
  if (!isAmount(payment.amountMinor)) return { refusal: 'amountInvalid' };
  if (payment.expiresAtMs <= payment.openedAtMs) return { refusal: 'expired' };
  return { events: [{ type: 'opened', payment }] };
}

export type PayerAct = {
  /** Differs from the requested amount only in tests. */
  paidMinor?: number | undefined;
  /** For platforms that number a trade when it is paid. */
  providerTradeNo: string | null;
  /** Pays although the payment was closed or expired, like money already under way. Never pays twice. */
  force?: boolean | undefined;
};

/** The payer pays, or authorises if the capture is manual. */
export function pay(payment: Payment, act: PayerAct, atMs: number): Ruling {
  const { paidMinor = payment.amountMinor, force = false } = act;
  if (payment.status === 'paid' || payment.status === 'authorized') return { refusal: 'paid' };
  if (payment.status === 'closed' && !force) return { refusal: 'closed' };
  if (atMs >= payment.expiresAtMs && !force) return { refusal: 'expired' };
  if (!isAmount(paidMinor)) return { refusal: 'amountInvalid' };
  const providerTradeNo = payment.providerTradeNo ?? act.providerTradeNo;
  const common = { ...keyOf(payment), providerTradeNo, atMs };
  return payment.capture === 'manual'
    ? { events: [{ type: 'authorized', authorizedMinor: paidMinor, ...common }] }
    : { events: [{ type: 'captured', capturedMinor: paidMinor, ...common }] };
}

/** Captures the authorised amount or a part of it, once; the rest is released. */
export function capture(payment: Payment, capturedMinor: number, atMs: number): Ruling {
  if (payment.status === 'paid') return { refusal: 'paid' };
  if (payment.status === 'closed') return { refusal: 'closed' };
  if (payment.status === 'open') return { refusal: 'notAuthorized' };
  if (!isAmount(capturedMinor)) return { refusal: 'amountInvalid' };
  if (capturedMinor > payment.authorizedMinor) return { refusal: 'exceedsAuthorized' };
  const { providerTradeNo } = payment;
  return {
    events: [{ type: 'captured', ...keyOf(payment), capturedMinor, providerTradeNo, atMs }],
  };
}

/** Closes the payment; an authorised amount is released. */
export function close(payment: Payment, atMs: number): Ruling {
  if (payment.status === 'paid') return { refusal: 'paid' };
  if (payment.status === 'closed') return { refusal: 'closed' };
  return { events: [{ type: 'closed', ...keyOf(payment), atMs }] };
}

/** Closes a payment that was not paid in time. Called before every read of a payment. */
export function expire(payment: Payment, nowMs: number): BookEvent[] {
  const isOverdue = payment.status === 'open' && nowMs >= payment.expiresAtMs;
  return isOverdue ? [{ type: 'closed', ...keyOf(payment), atMs: payment.expiresAtMs }] : [];
}

/** The amount that can still be refunded. */
export function refundableMinor({ capturedMinor, refunds }: Payment): number {
  const refunded = refunds.filter(({ status }) => status !== 'bounced' && status !== 'closed');
  return refunded.reduce((left, { amountMinor }) => left - amountMinor, capturedMinor);
}

/** Accepts a refund. Money moves only when it is settled. */
export function refund(book: Book, payment: Payment, accepted: AcceptedRefund): Ruling {
  const earlier = findRefund(book, { ...payment, refundNo: accepted.refundNo });
  if (earlier) {
    const isSame = earlier.payment === payment && earlier.refund.terms === accepted.terms;
    return isSame ? { events: [] } : { refusal: 'conflict' };
  }
  if (payment.status !== 'paid') return { refusal: 'notPaid' };
  if (!isAmount(accepted.amountMinor)) return { refusal: 'amountInvalid' };
  if (accepted.amountMinor > refundableMinor(payment)) return { refusal: 'exceedsCaptured' };
  return { events: [{ type: 'refundMade', ...keyOf(payment), refund: accepted }] };
}

/** The refund reaches the payer, once. */
export function settleRefund(payment: Payment, refund: Refund, atMs: number): Ruling {
  if (refund.status !== 'pending') return { refusal: 'refundNotPending' };
  const { refundNo } = refund;
  return { events: [{ type: 'refundSettled', ...keyOf(payment), refundNo, atMs }] };
}

/** An accepted refund fails; after its success only if the provider allows it. */
export function bounceRefund(
  payment: Payment,
  refund: Refund,
  { canBounceSettled }: { canBounceSettled: boolean },
  atMs: number,
): Ruling {
  const canBounce =
    refund.status === 'pending' || (refund.status === 'succeeded' && canBounceSettled);
  if (!canBounce) return { refusal: 'refundNotPending' };
  const { refundNo } = refund;
  return { events: [{ type: 'refundBounced', ...keyOf(payment), refundNo, atMs }] };
}

/** The provider closes a pending refund; no money moves. */
export function closeRefund(payment: Payment, refund: Refund, atMs: number): Ruling {
  if (refund.status !== 'pending') return { refusal: 'refundNotPending' };
  const { refundNo } = refund;
  return { events: [{ type: 'refundClosed', ...keyOf(payment), refundNo, atMs }] };
}

/** A refund in the provider's portal, settled at once. */
export function externalRefund(
  book: Book,
  payment: Payment,
  accepted: Omit<AcceptedRefund, 'isExternal'>,
): Ruling {
  const ruling = refund(book, payment, { ...accepted, isExternal: true });
  if ('refusal' in ruling || ruling.events.length === 0) return ruling;
  const { refundNo, atMs } = accepted;
  return {
    events: [...ruling.events, { type: 'refundSettled', ...keyOf(payment), refundNo, atMs }],
  };
}

/** The payer's bank opens a dispute; one at a time. */
export function openDispute(payment: Payment, dispute: OpenedDispute): Ruling {
  if (payment.status !== 'paid') return { refusal: 'notPaid' };
  if (payment.disputes.some(({ status }) => status === 'open' || status === 'inquiry')) {
    return { refusal: 'alreadyDisputed' };
  }
  if (!isAmount(dispute.amountMinor)) return { refusal: 'amountInvalid' };
  if (dispute.amountMinor > payment.capturedMinor) return { refusal: 'exceedsCaptured' };
  return { events: [{ type: 'disputeOpened', ...keyOf(payment), dispute }] };
}

const nextStates: Readonly<Record<DisputeState, readonly DisputeState[]>> = {
  inquiry: ['open', 'inquiryClosed'],
  inquiryClosed: [],
  open: ['won', 'lost'],
  // Won later, for example by an appeal.
  lost: ['won'],
  won: [],
};

export function moveDispute(
  payment: Payment,
  { disputeNo, status }: Dispute,
  to: DisputeState,
  atMs: number,
): Ruling {
  if (!nextStates[status].includes(to)) return { refusal: 'disputeDecided' };
  return { events: [{ type: 'disputeClosed', ...keyOf(payment), disputeNo, status: to, atMs }] };
}

function isAmount(amountMinor: number): boolean {
  return Number.isSafeInteger(amountMinor) && amountMinor > 0;
}
