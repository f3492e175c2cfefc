import { findPayment, findRefund } from './book.ts';
import type {
  Book,
  Dispute,
  DisputeState,
  AcceptedRefund,
  NotificationDraft,
  OpenedPayment,
  Payment,
  PaymentKey,
  Refund,
} from './book.ts';
import type { Ledger } from './journal.ts';
import type { Notifier } from './notifier.ts';
import * as rules from './rules.ts';
import type { PayerAct, RefusalName, Ruling } from './rules.ts';

export type PlatformEvent =
  | { type: 'opened' | 'authorized' | 'paid' | 'closed'; payment: Payment }
  | {
      type: 'refundMade' | 'refundSettled' | 'refundBounced' | 'refundClosed';
      payment: Payment;
      refund: Refund;
    }
  | {
      type: 'disputeOpened' | 'disputeClosed' | 'disputeMoved';
      payment: Payment;
      dispute: Dispute;
    };

/** What a provider adds to the shared rules. */
export type Dialect = {
  newTradeNo(atMs: number): string;
  /** For refunds created in the provider's portal; without it they only have the provider's number. */
  newRefundNo?(atMs: number): string;
  newProviderRefundNo(atMs: number): string;
  /** Undefined if the provider has no disputes. */
  newDisputeNo?(): string;
  /** The expiry only ends the time to pay; the payment stays open until it is closed. */
  staysOpenAfterExpiry?: true;
  /** True if a refund can fail after it succeeded. */
  canBounceSettled: boolean;
  /** The notifications of an event; empty if the provider sends none. */
  notificationsOf(platformEvent: PlatformEvent): NotificationDraft[];
};

export type Verdict = { payment: Payment } | { refusal: RefusalName };
export type RefundVerdict = { payment: Payment; refund: Refund } | { refusal: RefusalName };

/** Applies the rules: records what they allow and notifies the merchant. */
export type Platform = {
  readonly book: Book;
  find(key: PaymentKey): Payment | undefined;
  /** Applies the expiry to a payment that was not found with `find`. */
  refresh(payment: Payment): Payment;
  open(payment: OpenedPayment): Verdict;
  addDetails(payment: Payment, details: Record<string, string>): void;
  /** Assigns the trade number before payment, once. */
  assignTradeNo(payment: Payment): void;
  pay(payment: Payment, act: Omit<PayerAct, 'providerTradeNo'>, atMs?: number): Verdict;
  capture(payment: Payment, capturedMinor: number): Verdict;
  close(payment: Payment): Verdict;
  refund(payment: Payment, accepted: AcceptedRefund): RefundVerdict;
  settleRefund(payment: Payment, refund: Refund): RefundVerdict;
  bounceRefund(payment: Payment, refund: Refund): RefundVerdict;
  closeRefund(payment: Payment, refund: Refund): RefundVerdict;
  externalRefund(payment: Payment, amountMinor: number): RefundVerdict;
  openDispute(
    payment: Payment,
    dispute: { amountMinor: number; reason: string; isInquiry: boolean },
  ): Verdict;
  moveDispute(payment: Payment, dispute: Dispute, to: DisputeState): Verdict;
};

export type PlatformParts = { ledger: Ledger; notifier: Notifier; dialect: Dialect };

export function createPlatform({ ledger, notifier, dialect }: PlatformParts): Platform {
  const { book } = ledger;

  function notify(platformEvent: PlatformEvent): void {
    const { account, outTradeNo, notifications } = platformEvent.payment;
    for (const notification of dialect.notificationsOf(platformEvent)) {
      ledger.record([{ type: 'notificationMade', account, outTradeNo, notification }]);
      const created = notifications.at(-1);
      if (created) notifier.start(created);
    }
  }

  function refresh(payment: Payment): Payment {
    if (dialect.staysOpenAfterExpiry) return payment;
    const events = rules.expire(payment, Date.now());
    ledger.record(events);
    if (events.length > 0) notify({ type: 'closed', payment });
    return payment;
  }

  /** Applies a ruling. A ruling without events changes nothing and is not notified again. */
  function applyRuling(
    payment: Payment,
    ruling: Ruling,
    type: 'authorized' | 'paid' | 'closed',
  ): Verdict {
    if ('refusal' in ruling) return ruling;
    ledger.record(ruling.events);
    if (ruling.events.length > 0) notify({ type, payment });
    return { payment };
  }

  function applyRefundRuling(
    payment: Payment,
    refundNo: string,
    ruling: Ruling,
    types: readonly Extract<PlatformEvent['type'], `refund${string}`>[],
  ): RefundVerdict {
    if ('refusal' in ruling) return ruling;
    ledger.record(ruling.events);
    const found = findRefund(book, { account: payment.account, refundNo });
    if (!found) throw new Error(`no refund ${refundNo} after its ruling`);
    if (ruling.events.length > 0) for (const type of types) notify({ type, ...found });
    return found;
  }

  function applyDisputeRuling(
    payment: Payment,
    disputeNo: string,
    ruling: Ruling,
    type: Extract<PlatformEvent['type'], `dispute${string}`>,
  ): Verdict {
    if ('refusal' in ruling) return ruling;
    ledger.record(ruling.events);
    const dispute = payment.disputes.find((dispute) => dispute.disputeNo === disputeNo);
    if (dispute) notify({ type, payment, dispute });
    return { payment };
  }

  return {
    book,
    refresh,
    find(key) {
      const payment = findPayment(book, key);
      return payment && refresh(payment);
    },
    open(opened) {
      const earlier = findPayment(book, opened);
      if (earlier) refresh(earlier);
      const ruling = rules.open(book, opened);
      if ('refusal' in ruling) return ruling;
      ledger.record(ruling.events);
      const payment = earlier ?? findPayment(book, opened);
      if (!payment) throw new Error(`no payment ${opened.outTradeNo} after its opening`);
      if (!earlier) notify({ type: 'opened', payment });
      return { payment };
    },
    addDetails({ account, outTradeNo }, details) {
      ledger.record([{ type: 'detailsAdded', account, outTradeNo, details }]);
    },
    assignTradeNo({ account, outTradeNo, providerTradeNo: named }) {
      if (named !== null) return;
      const providerTradeNo = dialect.newTradeNo(Date.now());
      ledger.record([{ type: 'tradeNamed', account, outTradeNo, providerTradeNo }]);
    },
    pay(payment, act, atMs = Date.now()) {
      const providerTradeNo = dialect.newTradeNo(atMs);
      const ruling = rules.pay(payment, { ...act, providerTradeNo }, atMs);
      return applyRuling(payment, ruling, payment.capture === 'manual' ? 'authorized' : 'paid');
    },
    capture(payment, capturedMinor) {
      return applyRuling(payment, rules.capture(payment, capturedMinor, Date.now()), 'paid');
    },
    close: (payment) => applyRuling(payment, rules.close(payment, Date.now()), 'closed'),
    refund(payment, accepted) {
      const ruling = rules.refund(book, payment, accepted);
      return applyRefundRuling(payment, accepted.refundNo, ruling, ['refundMade']);
    },
    settleRefund(payment, refund) {
      const ruling = rules.settleRefund(payment, refund, Date.now());
      return applyRefundRuling(payment, refund.refundNo, ruling, ['refundSettled']);
    },
    bounceRefund(payment, refund) {
      const ruling = rules.bounceRefund(payment, refund, dialect, Date.now());
      return applyRefundRuling(payment, refund.refundNo, ruling, ['refundBounced']);
    },
    closeRefund(payment, refund) {
      const ruling = rules.closeRefund(payment, refund, Date.now());
      return applyRefundRuling(payment, refund.refundNo, ruling, ['refundClosed']);
    },
    externalRefund(payment, amountMinor) {
      const atMs = Date.now();
      const providerRefundNo = dialect.newProviderRefundNo(atMs);
      const refundNo = dialect.newRefundNo?.(atMs) ?? providerRefundNo;
      const accepted = { refundNo, providerRefundNo, amountMinor, terms: '', atMs };
      const ruling = rules.externalRefund(book, payment, accepted);
      return applyRefundRuling(payment, refundNo, ruling, ['refundMade', 'refundSettled']);
    },
    openDispute(payment, { amountMinor, reason, isInquiry }) {
      const disputeNo = dialect.newDisputeNo?.();
      if (!disputeNo) throw new Error('this provider has no disputes');
      const status = isInquiry ? ('inquiry' as const) : ('open' as const);
      const opened = { disputeNo, amountMinor, reason, status, atMs: Date.now() };
      return applyDisputeRuling(
        payment,
        disputeNo,
        rules.openDispute(payment, opened),
        'disputeOpened',
      );
    },
    moveDispute(payment, dispute, to) {
      const ruling = rules.moveDispute(payment, dispute, to, Date.now());
      const isEnd = dispute.status === 'open' || to === 'inquiryClosed';
      const type = isEnd ? 'disputeClosed' : 'disputeMoved';
      return applyDisputeRuling(payment, dispute.disputeNo, ruling, type);
    },
  };
}
