import { findPayment } from './book.ts';
import type {
  Account,
  Attempt,
  Book,
  Dispute,
  DisputeState,
  AcceptedRefund,
  Notification,
  NotificationDraft,
  NotificationEnd,
  OpenedDispute,
  OpenedPayment,
  Payment,
  PaymentKey,
  Refund,
} from './book.ts';

export type PaymentEvent = PaymentKey &
  (
    | { type: 'detailsAdded'; details: Record<string, string> }
    /** For providers that number a trade before it is paid. */
    | { type: 'tradeNamed'; providerTradeNo: string }
    | { type: 'authorized'; authorizedMinor: number; providerTradeNo: string | null; atMs: number }
    | { type: 'captured'; capturedMinor: number; providerTradeNo: string | null; atMs: number }
    | { type: 'closed'; atMs: number }
    | { type: 'refundMade'; refund: AcceptedRefund }
    | { type: 'refundSettled' | 'refundBounced' | 'refundClosed'; refundNo: string; atMs: number }
    | { type: 'disputeOpened'; dispute: OpenedDispute }
    | { type: 'disputeClosed'; disputeNo: string; status: DisputeState; atMs?: number }
    | { type: 'notificationMade'; notification: NotificationDraft }
    | { type: 'notificationAttempted'; id: string; attempt: Attempt }
    | { type: 'notificationEnded'; id: string; end: NotificationEnd }
  );

export type BookEvent =
  | { type: 'accountRegistered'; account: Account }
  | { type: 'opened'; payment: OpenedPayment }
  | PaymentEvent;

/** Applies an event that `rules.ts` has allowed. */
export function applyEvent(book: Book, event: BookEvent): void {
  if (event.type === 'accountRegistered') {
    book.accounts.set(event.account.account, event.account);
  } else if (event.type === 'opened') {
    addPayment(book, event.payment);
  } else {
    const payment = findPayment(book, event);
    if (!payment) throw new Error(`${event.type} for a payment that was never opened`);
    applyPaymentEvent(book, payment, event);
  }
}

function addPayment(book: Book, opened: OpenedPayment): void {
  const payment: Payment = {
    ...opened,
    details: { ...opened.details },
    status: 'open',
    authorizedMinor: 0,
    capturedMinor: 0,
    captures: 0,
    refunds: [],
    disputes: [],
    notifications: [],
  };
  book.payments.set(`${payment.account}/${payment.outTradeNo}`, payment);
  indexDetails(book, payment, payment.details);
  assignTradeNo(book, payment, payment.providerTradeNo);
}

function applyPaymentEvent(book: Book, payment: Payment, event: PaymentEvent): void {
  switch (event.type) {
    case 'detailsAdded':
      Object.assign(payment.details, event.details);
      return indexDetails(book, payment, event.details);
    case 'tradeNamed':
      return assignTradeNo(book, payment, event.providerTradeNo);
    case 'authorized':
      payment.status = 'authorized';
      payment.authorizedMinor = event.authorizedMinor;
      return assignTradeNo(book, payment, event.providerTradeNo);
    case 'captured':
      payment.status = 'paid';
      payment.captures += 1;
      payment.capturedMinor += event.capturedMinor;
      payment.paidAtMs = event.atMs;
      return assignTradeNo(book, payment, event.providerTradeNo);
    case 'closed':
      payment.status = 'closed';
      payment.closedAtMs = event.atMs;
      return;
    case 'refundMade':
      payment.refunds.push({ ...event.refund, status: 'pending', executions: 0 });
      book.byRefundNo.set(`${payment.account}/${event.refund.refundNo}`, payment);
      return;
    case 'refundSettled':
      return settleRefund(refundOf(payment, event.refundNo), event.atMs);
    case 'refundBounced':
      refundOf(payment, event.refundNo).status = 'bounced';
      return;
    case 'refundClosed':
      refundOf(payment, event.refundNo).status = 'closed';
      return;
    case 'disputeOpened':
      // Books of an earlier release have no status.
      addDispute(payment, { ...event.dispute, status: event.dispute.status ?? 'open' });
      book.byDisputeNo.set(event.dispute.disputeNo, payment);
      return;
    case 'disputeClosed': {
      const dispute = disputeOf(payment, event.disputeNo);
      return moveDispute(dispute, event.status, event.atMs ?? dispute.atMs);
    }
    case 'notificationMade': {
      const { account, outTradeNo } = payment;
      payment.notifications.push({ account, outTradeNo, ...event.notification, attempts: [] });
      return;
    }
    case 'notificationAttempted':
      notificationOf(payment, event.id).attempts.push(event.attempt);
      return;
    case 'notificationEnded':
      notificationOf(payment, event.id).end = event.end;
  }
}

function indexDetails(book: Book, payment: Payment, details: Record<string, string>): void {
  for (const [name, value] of Object.entries(details)) {
    book.byDetail.set(`${name}/${value}`, payment);
  }
}

function assignTradeNo(book: Book, payment: Payment, providerTradeNo: string | null): void {
  if (!providerTradeNo) return;
  payment.providerTradeNo = providerTradeNo;
  book.byProviderTradeNo.set(providerTradeNo, payment);
}

function settleRefund(refund: Refund, atMs: number): void {
  refund.status = 'succeeded';
  refund.executions += 1;
  refund.settledAtMs = atMs;
}

function addDispute(payment: Payment, opened: OpenedDispute): void {
  const dispute = { ...opened, moves: [] };
  payment.disputes.push(dispute);
  moveDispute(dispute, opened.status, opened.atMs);
}

/** An open or lost dispute holds the money; a won one or an inquiry does not. */
function moveDispute(dispute: Dispute, status: DisputeState, atMs: number): void {
  dispute.status = status;
  const heldMinor = status === 'open' || status === 'lost' ? dispute.amountMinor : 0;
  const beforeMinor = dispute.moves.reduce((sum, { amountMinor }) => sum - amountMinor, 0);
  if (heldMinor !== beforeMinor) {
    dispute.moves.push({ amountMinor: beforeMinor - heldMinor, atMs });
  }
}

function refundOf(payment: Payment, refundNo: string): Refund {
  return required(
    payment.refunds.find((refund) => refund.refundNo === refundNo),
    refundNo,
  );
}

function disputeOf(payment: Payment, disputeNo: string): Dispute {
  return required(
    payment.disputes.find((dispute) => dispute.disputeNo === disputeNo),
    disputeNo,
  );
}

function notificationOf(payment: Payment, id: string): Notification {
  return required(
    payment.notifications.find((notification) => notification.id === id),
    id,
  );
}

function required<Entry>(entry: Entry | undefined, number: string): Entry {
  if (!entry) throw new Error(`${number} does not exist`);
  return entry;
}
