import { z } from 'zod';
import type { StatementEntry, StatementResult } from '../provider.ts';
import { unreadableLine } from '../statement-rows.ts';
import { ask, read } from './account.ts';
import type { StripeAccount } from './account.ts';
import { faultOf } from './errors.ts';
import { fromStripeAmount, fromStripeCurrency } from './money.ts';
import {
  chargeSchema,
  disputeSchema,
  ourNumber,
  ourRefundNumber,
  paymentIntentSchema,
  refundSchema,
} from './objects.ts';
import { isoOfSeconds, meaningOfRefund } from './status.ts';

const dayMs = 86_400_000;

/**
 * A day of the balance, in UTC. Payments without our number are skipped, with their refunds and disputes, because an
 * account may serve others too. Amounts are those of the charge, refund or dispute, because a balance transaction's own
 * are in the payout currency. https://docs.stripe.com/reports/balance-transaction-types
 */
export function fetchStatement(
  account: StripeAccount,
  { date }: { date: string },
  { sameDay }: { sameDay: boolean },
): StatementResult {
  const fromMs = Date.parse(`${date}T00:00:00Z`);
  if (!sameDay && Date.now() < fromMs + dayMs) return { kind: 'notReady' };
  return { kind: 'ready', entries: entriesOf(account, fromMs / 1000) };
}

async function* entriesOf(
  account: StripeAccount,
  fromSeconds: number,
): AsyncGenerator<StatementEntry> {
  const numbers = new Map<string, string | undefined>();
  try {
    const pages = account.sdk.balanceTransactions.list({
      created: { gte: fromSeconds, lt: fromSeconds + dayMs / 1000 },
      limit: 100,
      expand: ['data.source'],
    });
    for await (const answer of pages) {
      const transaction = transactionSchema.safeParse(answer);
      const entry = transaction.success
        ? await entryOf(account, transaction.data, numbers)
        : unreadableLine(JSON.stringify(answer), 'not a readable balance transaction');
      if (entry) yield entry;
    }
  } catch (error) {
    throw faultOf(error);
  }
}

const transactionSchema = z.object({
  object: z.literal('balance_transaction'),
  id: z.string(),
  type: z.string(),
  reporting_category: z.string().nullish(),
  amount: z.int(),
  created: z.int(),
  fee: z.int(),
  currency: z.string(),
  source: z.unknown(),
});

type Transaction = z.infer<typeof transactionSchema>;

/** Undefined for a movement of a payment that is not ours. */
async function entryOf(
  account: StripeAccount,
  transaction: Transaction,
  numbers: Map<string, string | undefined>,
): Promise<StatementEntry | undefined> {
  switch (transaction.type) {
    case 'charge':
    case 'payment':
      return paymentEntry(transaction);
    case 'refund':
    case 'payment_refund':
      return refundEntry(account, transaction, numbers);
    case 'refund_failure':
    case 'payment_failure_refund':
      // The counterpart of a failed refund; see `refundEntry`.
      return undefined;
    case 'adjustment':
      if (transaction.reporting_category?.startsWith('dispute'))
        return disputeEntry(account, transaction, numbers);
  }
  return otherEntry(transaction);
}

function paymentEntry(transaction: Transaction): StatementEntry | undefined {
  const charge = chargeSchema.safeParse(transaction.source).data;
  if (!charge) return unreadableEntry(transaction);
  const outTradeNo = charge.metadata[ourNumber];
  if (!outTradeNo || !charge.payment_intent) return undefined;
  const trade = { outTradeNo, providerTradeNo: charge.payment_intent };
  const money = moneyOf(charge.amount_captured, charge.currency, transaction);
  return money ? { kind: 'payment', ...trade, ...money } : unreadableEntry(transaction, outTradeNo);
}

/** A failed refund's money returns in a transaction of its own; both are skipped, as they sum to zero. */
async function refundEntry(
  account: StripeAccount,
  transaction: Transaction,
  numbers: Map<string, string | undefined>,
): Promise<StatementEntry | undefined> {
  const refund = refundSchema.safeParse(transaction.source).data;
  if (!refund) return unreadableEntry(transaction);
  const meaning = meaningOfRefund(refund.status);
  const { payment_intent: providerTradeNo } = refund;
  if (meaning === 'failed' || meaning === 'needs_attention' || !providerTradeNo) return undefined;
  const outTradeNo =
    refund.metadata[ourNumber] ?? (await numberOf(account, providerTradeNo, numbers));
  if (!outTradeNo) return undefined;
  const money = moneyOf(refund.amount, refund.currency, transaction);
  if (!money) return unreadableEntry(transaction, outTradeNo);
  return {
    kind: 'refund',
    outTradeNo,
    providerTradeNo,
    refundNo: refund.metadata[ourRefundNumber] ?? refund.id,
    providerRefundNo: refund.id,
    ...money,
  };
}

/** Money is taken when a dispute opens and returned when it is won, possibly long after it was lost. */
async function disputeEntry(
  account: StripeAccount,
  transaction: Transaction,
  numbers: Map<string, string | undefined>,
): Promise<StatementEntry | undefined> {
  const dispute = disputeSchema.safeParse(transaction.source).data;
  if (!dispute) return unreadableEntry(transaction);
  const { id: disputeNo, payment_intent: providerTradeNo } = dispute;
  const outTradeNo = providerTradeNo && (await numberOf(account, providerTradeNo, numbers));
  if (!outTradeNo) return undefined;
  const money = moneyOf(dispute.amount, dispute.currency, transaction);
  if (!money) return unreadableEntry(transaction, outTradeNo);
  const amountMinor = transaction.amount < 0 ? -money.amountMinor : money.amountMinor;
  return { kind: 'dispute', disputeNo, outTradeNo, providerTradeNo, ...money, amountMinor };
}

/** Monthly fees, payouts, corrections: in the currency of the balance. */
function otherEntry(transaction: Transaction): StatementEntry {
  const { id, type, currency, created } = transaction;
  const size = fromStripeAmount(Math.abs(transaction.amount), currency);
  if (size === undefined) return unreadableEntry(transaction);
  return {
    kind: 'other',
    number: id,
    category: transaction.reporting_category ?? type,
    amountMinor: transaction.amount < 0 ? -size : size,
    currency: fromStripeCurrency(currency),
    feeMinor: fromStripeAmount(transaction.fee, currency) ?? null,
    at: isoOfSeconds(created),
  };
}

function unreadableEntry(
  transaction: Transaction,
  outTradeNo: string | null = null,
): StatementEntry {
  const { id, type } = transaction;
  const reason = `${id} is a ${type} whose object or amount cannot be read`;
  return unreadableLine(JSON.stringify(transaction), reason, outTradeNo);
}

/** A refund made in the Dashboard lacks our number; its payment has it. */
async function numberOf(
  account: StripeAccount,
  paymentIntent: string,
  numbers: Map<string, string | undefined>,
): Promise<string | undefined> {
  if (!numbers.has(paymentIntent)) {
    const answer = await ask(() => account.sdk.paymentIntents.retrieve(paymentIntent));
    numbers.set(paymentIntent, read(paymentIntentSchema, answer).metadata[ourNumber]);
  }
  return numbers.get(paymentIntent);
}

function moneyOf(amount: number, currency: string, { fee, created, ...transaction }: Transaction) {
  const amountMinor = fromStripeAmount(amount, currency);
  if (amountMinor === undefined) return undefined;
  const isSameMoney = transaction.currency === currency;
  const feeMinor = isSameMoney ? (fromStripeAmount(fee, currency) ?? null) : null;
  return {
    amountMinor,
    currency: fromStripeCurrency(currency),
    feeMinor,
    at: isoOfSeconds(created),
  };
}
