import { findPayment, findRefund } from './book.ts';
import type {
  Book,
  Dispute,
  DisputeState,
  MadeRefund,
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

export type Happening =
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

/** What a provider adds to the rules all share. */
export type Dialect = {
  newTradeNo(atMs: number): string;
  /** For refunds made in the provider's portal; without it they have the provider's number only. */
  newRefundNo?(atMs: number): string;
  newProviderRefundNo(atMs: number): string;
  /** Undefined where the provider has no disputes. */
  newDisputeNo?(): string;
  /** An expiry that only ends the time to pay: the payment stays open until it is closed. */
  staysOpenAfterExpiry?: true;
  /** Whether a refund can come back after it succeeded. */
  canBounceSettled: boolean;
  /** What the merchant is told of it, if anything. */
  announce(happening: Happening): NotificationDraft[];
};

export type Verdict = { payment: Payment } | { refusal: RefusalName };
export type RefundVerdict = { payment: Payment; refund: Refund } | { refusal: RefusalName };

/** The rules, applied: what they allow is entered into the book and announced. */
export type Platform = {
  readonly book: Book;
  find(key: PaymentKey): Payment | undefined;
  /** Brings one up to date that was found in another way. */
  look(payment: Payment): Payment;
  open(payment: OpenedPayment): Verdict;
  addDetails(payment: Payment, details: Record<string, string>): void;
  /** Gives the trade its number before it is paid, once. */
  nameTrade(payment: Payment): void;
  pay(payment: Payment, act: Omit<PayerAct, 'providerTradeNo'>, atMs?: number): Verdict;
  capture(payment: Payment, capturedMinor: number): Verdict;
  close(payment: Payment): Verdict;
  refund(payment: Payment, made: MadeRefund): RefundVerdict;
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

  function announce(happening: Happening): void {
    const { account, outTradeNo, notifications } = happening.payment;
    for (const notification of dialect.announce(happening)) {
      ledger.record([{ type: 'notificationMade', account, outTradeNo, notification }]);
      const made = notifications.at(-1);
      if (made) notifier.start(made);
    }
  }

  function look(payment: Payment): Payment {
    if (dialect.staysOpenAfterExpiry) return payment;
    const events = rules.expire(payment, Date.now());
    ledger.record(events);
    if (events.length > 0) announce({ type: 'closed', payment });
    return payment;
  }

  /** What had no events was so already, and is not announced again. */
  function carryOut(
    payment: Payment,
    ruling: Ruling,
    type: 'authorized' | 'paid' | 'closed',
  ): Verdict {
    if ('refusal' in ruling) return ruling;
    ledger.record(ruling.events);
    if (ruling.events.length > 0) announce({ type, payment });
    return { payment };
  }

  function carryOutRefund(
    payment: Payment,
    refundNo: string,
    ruling: Ruling,
    types: readonly Extract<Happening['type'], `refund${string}`>[],
  ): RefundVerdict {
    if ('refusal' in ruling) return ruling;
    ledger.record(ruling.events);
    const found = findRefund(book, { account: payment.account, refundNo });
    if (!found) throw new Error(`a ruling about ${refundNo} left no refund`);
    if (ruling.events.length > 0) for (const type of types) announce({ type, ...found });
    return found;
  }

  function carryOutDispute(
    payment: Payment,
    disputeNo: string,
    ruling: Ruling,
    type: Extract<Happening['type'], `dispute${string}`>,
  ): Verdict {
    if ('refusal' in ruling) return ruling;
    ledger.record(ruling.events);
    const dispute = payment.disputes.find((dispute) => dispute.disputeNo === disputeNo);
    if (dispute) announce({ type, payment, dispute });
    return { payment };
  }

  return {
    book,
    look,
    find(key) {
      const payment = findPayment(book, key);
      return payment && look(payment);
    },
    open(opened) {
      const earlier = findPayment(book, opened);
      if (earlier) look(earlier);
      const ruling = rules.open(book, opened);
      if ('refusal' in ruling) return ruling;
      ledger.record(ruling.events);
      const payment = earlier ?? findPayment(book, opened);
      if (!payment) throw new Error(`opening ${opened.outTradeNo} left no payment`);
      if (!earlier) announce({ type: 'opened', payment });
      return { payment };
    },
    addDetails({ account, outTradeNo }, details) {
      ledger.record([{ type: 'detailsAdded', account, outTradeNo, details }]);
    },
    nameTrade({ account, outTradeNo, providerTradeNo: named }) {
      if (named !== null) return;
      const providerTradeNo = dialect.newTradeNo(Date.now());
      ledger.record([{ type: 'tradeNamed', account, outTradeNo, providerTradeNo }]);
    },
    pay(payment, act, atMs = Date.now()) {
      const providerTradeNo = dialect.newTradeNo(atMs);
      const ruling = rules.pay(payment, { ...act, providerTradeNo }, atMs);
      return carryOut(payment, ruling, payment.capture === 'manual' ? 'authorized' : 'paid');
    },
    capture(payment, capturedMinor) {
      return carryOut(payment, rules.capture(payment, capturedMinor, Date.now()), 'paid');
    },
    close: (payment) => carryOut(payment, rules.close(payment, Date.now()), 'closed'),
    refund(payment, made) {
      const ruling = rules.refund(book, payment, made);
      return carryOutRefund(payment, made.refundNo, ruling, ['refundMade']);
    },
    settleRefund(payment, refund) {
      const ruling = rules.settleRefund(payment, refund, Date.now());
      return carryOutRefund(payment, refund.refundNo, ruling, ['refundSettled']);
    },
    bounceRefund(payment, refund) {
      const ruling = rules.bounceRefund(payment, refund, dialect, Date.now());
      return carryOutRefund(payment, refund.refundNo, ruling, ['refundBounced']);
    },
    closeRefund(payment, refund) {
      const ruling = rules.closeRefund(payment, refund, Date.now());
      return carryOutRefund(payment, refund.refundNo, ruling, ['refundClosed']);
    },
    externalRefund(payment, amountMinor) {
      const atMs = Date.now();
      const providerRefundNo = dialect.newProviderRefundNo(atMs);
      const refundNo = dialect.newRefundNo?.(atMs) ?? providerRefundNo;
      const made = { refundNo, providerRefundNo, amountMinor, terms: '', atMs };
      const ruling = rules.externalRefund(book, payment, made);
      return carryOutRefund(payment, refundNo, ruling, ['refundMade', 'refundSettled']);
    },
    openDispute(payment, { amountMinor, reason, isInquiry }) {
      const disputeNo = dialect.newDisputeNo?.();
      if (!disputeNo) throw new Error('this provider has no disputes');
      const status = isInquiry ? ('inquiry' as const) : ('open' as const);
      const opened = { disputeNo, amountMinor, reason, status, atMs: Date.now() };
      return carryOutDispute(
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
      return carryOutDispute(payment, dispute.disputeNo, ruling, type);
    },
  };
}
