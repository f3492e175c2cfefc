import type { Findings } from '../evidence.ts';
import type { Planted } from '../statements.ts';
import type { Verdicts } from './verdicts.ts';

export const sum = (amounts: readonly (string | number)[]) =>
  amounts.reduce<number>((total, amount) => total + Number(amount), 0);
export const keyOf = ({ account_id, out_trade_no }: { account_id: string; out_trade_no: string }) =>
  `${account_id}/${out_trade_no}`;

/** 3: in the provider's own book money moves once for each number. */
export function checkOnce(
  found: Findings,
  planted: readonly Planted[],
  { expect }: Verdicts,
): void {
  const ours = new Set(found.payments.map(keyOf));
  const strangers = new Set(
    planted.map(({ accountId, outTradeNo }) => `${accountId}/${outTradeNo}`),
  );
  expect(3, found.repeated.length === 0, `twice in a book: ${found.repeated.join()}`);
  for (const [key, trade] of found.trades) {
    expect(3, trade.captures <= 1, `${key}: ${trade.captures} captures`);
    const isOurs = ours.has(key) || strangers.has(key);
    expect(3, isOurs || trade.captures === 0, `${key} was paid, and is none of our payments`);
    for (const { refundNo, executions } of trade.refunds) {
      expect(3, executions <= 1, `refund ${refundNo} was carried out ${executions} times`);
    }
    const numbers = new Set(trade.refunds.map(({ refundNo }) => refundNo));
    expect(3, numbers.size === trade.refunds.length, `${key} has a refund number twice`);
  }
}

/** 4: by our rows, and by the provider's book. */
export function checkRefundable(found: Findings, { expect }: Verdicts): void {
  for (const { id, captured_minor } of found.payments) {
    const reserved = found.refunds.filter(
      ({ payment_id, status }) => payment_id === id && /^(pending|succeeded)$/.test(status),
    );
    const total = sum(reserved.map(({ amount_minor }) => amount_minor));
    expect(4, total <= Number(captured_minor), `${id}: refunds of ${total} for ${captured_minor}`);
  }
  for (const [key, { refunds, capturedMinor }] of found.trades) {
    const given = refunds.filter(({ status }) => /^(pending|succeeded)$/.test(status));
    const total = sum(given.map(({ amountMinor }) => amountMinor));
    expect(4, total <= capturedMinor, `${key}: the book gave ${total} of ${capturedMinor}`);
  }
}

const refundWords = {
  pending: 'pending',
  succeeded: 'succeeded',
  bounced: 'needs_attention',
  closed: 'failed',
} as const;

/** 6: payment by payment, refund by refund, dispute by dispute; and no order keeps what is not its. */
export function checkBothSides(found: Findings, { expect }: Verdicts): void {
  const { payments, refunds, disputes, trades, orders } = found;
  for (const payment of payments) {
    const { id, status, captured_minor } = payment;
    const trade = trades.get(keyOf(payment));
    const isTaken = trade?.status === 'paid' || (trade?.captures ?? 0) > 0;
    const says = `${id} is ${status}, the book says ${trade?.status ?? 'nothing'}`;
    expect(6, (status === 'succeeded') === isTaken, says);
    const theirs = trade?.capturedMinor ?? 0;
    expect(6, Number(captured_minor) === theirs, `${id}: ${captured_minor} here, ${theirs} there`);
    const isHeld = trade?.status === 'authorized';
    expect(6, !isHeld, `${id}: money is still held at the provider`);
    // An Alipay code that nobody scanned is no trade; it ends by its own clock.
    const canStillBePaid = trade?.status === 'open' && trade.providerTradeNo !== null;
    expect(6, !canStillBePaid || status === 'pending', `${id} is ${status} and open there`);
    for (const theirs of trade?.refunds ?? []) {
      const ours = refunds.find(
        ({ payment_id, refund_no }) => payment_id === id && refund_no === theirs.refundNo,
      );
      const isSame = ours?.status === refundWords[theirs.status];
      // Bounced or given up, a provider may say either of a refund that brought nobody any money.
      const isNothing =
        /^(bounced|closed)$/.test(theirs.status) &&
        /^(failed|needs_attention)$/.test(ours?.status ?? '');
      const words = `refund ${theirs.refundNo} of ${id}: ${ours?.status ?? 'unknown'} here`;
      expect(6, isSame || isNothing, `${words}, ${theirs.status} there`);
      const isAmount = !ours || Number(ours.amount_minor) === theirs.amountMinor;
      expect(6, isAmount, `${words} with another amount`);
    }
    for (const theirs of trade?.disputes ?? []) {
      const ours = disputes.find(({ dispute_no }) => dispute_no === theirs.disputeNo);
      const words = `dispute ${theirs.disputeNo}: ${ours?.status ?? 'unknown'} here`;
      const status = theirs.status === 'inquiryClosed' ? 'inquiry_closed' : theirs.status;
      expect(6, ours?.status === status, `${words}, ${theirs.status} there`);
    }
  }
  const known = new Set(
    [...trades.values()].flatMap(({ refunds }) => refunds.map(({ refundNo }) => refundNo)),
  );
  for (const { id, refund_no, status } of refunds) {
    expect(6, status !== 'succeeded' || known.has(refund_no), `${id} succeeded, in no book`);
  }
  for (const order of orders) checkKept(found, order, expect);
}

/** Of all that was taken for an order it keeps one payment, if it is paid; the rest goes back. */
function checkKept(
  { payments, refunds }: Findings,
  { id, status, captured_minor, refunded_minor }: Findings['orders'][number],
  expect: Verdicts['expect'],
): void {
  const taken = payments.filter(
    (payment) => payment.order_id === id && payment.status === 'succeeded',
  );
  const counting = taken.filter(({ surplus }) => surplus === null);
  const inSums = taken.filter(({ surplus }) => surplus === null || surplus === 'review');
  const hasMoney = /^(paid|partially_refunded|refunded)$/.test(status);
  expect(
    6,
    counting.length === (hasMoney ? 1 : 0),
    `${id} is ${status} with ${counting.length} payments`,
  );
  const givenOf = (paymentId: string, statuses: RegExp) =>
    sum(
      refunds
        .filter((refund) => refund.payment_id === paymentId && statuses.test(refund.status))
        .map(({ amount_minor }) => amount_minor),
    );
  for (const { id: paymentId, captured_minor: taken } of inSums) {
    expect(6, taken === captured_minor, `${id}: ${captured_minor} of ${taken} captured`);
    const given = givenOf(paymentId, /^succeeded$/);
    expect(6, given === Number(refunded_minor), `${id}: ${refunded_minor} of ${given} refunded`);
  }
  for (const { id: paymentId, surplus, captured_minor: taken } of payments.filter(
    (payment) => payment.order_id === id && payment.surplus !== null,
  )) {
    const given = givenOf(paymentId, /^(succeeded|needs_attention|failed)$/);
    expect(
      6,
      given >= Number(taken),
      `${paymentId} of ${id} is ${surplus}, ${given} of ${taken} back`,
    );
  }
}
