import type { Dispute, Notification, Payment, Refund } from './book.ts';

/** A payment as the console shows it: the book's fields, times in ISO 8601, null for missing ones. */
export function viewPayment(payment: Payment) {
  const { openedAtMs, expiresAtMs, paidAtMs, closedAtMs, refunds, disputes, ...rest } = payment;
  return {
    ...rest,
    openedAt: iso(openedAtMs),
    expiresAt: iso(expiresAtMs),
    paidAt: iso(paidAtMs),
    closedAt: iso(closedAtMs),
    refunds: refunds.map(viewRefund),
    disputes: disputes.map(viewDispute),
    notifications: payment.notifications.map(viewNotification),
  };
}

/** An entry of `GET /console/book` and the response of `POST …/pay`. */
export type PaymentView = ReturnType<typeof viewPayment>;

function viewRefund({ atMs, settledAtMs, ...rest }: Refund) {
  return { ...rest, at: iso(atMs), settledAt: iso(settledAtMs) };
}

function viewDispute({ atMs, ...rest }: Dispute) {
  return { ...rest, at: iso(atMs) };
}

function viewNotification({ end, attempts, ...rest }: Notification) {
  return {
    ...rest,
    end: end ?? null,
    attempts: attempts.map(({ atMs, ...attempt }) => ({ at: iso(atMs), ...attempt })),
  };
}

function iso(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : new Date(timeMs).toISOString();
}
