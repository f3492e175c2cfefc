import { z } from 'zod';
import type { StatementEntry, StatementResult } from '../provider.ts';
import { ask, read } from './account.ts';
import type { StripeAccount } from './account.ts';
import { faultOf, unreadable } from './errors.ts';
import { fromStripeAmount, fromStripeCurrency } from './money.ts';
import {
  chargeSchema,
  ourNumber,
  ourRefundNumber,
  paymentIntentSchema,
  refundSchema,
} from './objects.ts';
import { isoOfSeconds, meaningOfRefund } from './status.ts';

const dayMs = 86_400_000;

/**
 * A day of the balance, in UTC. What it says of other money than payments and refunds is left out, as
 * are payments without a number of ours: an account may serve others too. The amounts are those of the
 * charge and the refund, because a balance transaction's own are in the currency of the payout.
 * https://docs.stripe.com/reports/balance-transaction-types
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
      const entry = await entryOf(account, read(transactionSchema, answer), numbers);
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
  created: z.int(),
  fee: z.int(),
  currency: z.string(),
  source: z.unknown(),
});

type Transaction = z.infer<typeof transactionSchema>;

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
    default:
      return undefined;
  }
}

function paymentEntry(transaction: Transaction): StatementEntry | undefined {
  const charge = read(chargeSchema, transaction.source);
  const outTradeNo = charge.metadata[ourNumber];
  if (!outTradeNo || !charge.payment_intent) return undefined;
  return {
    kind: 'payment',
    outTradeNo,
    providerTradeNo: charge.payment_intent,
    ...moneyOf(charge.amount_captured, charge.currency, transaction),
  };
}

/** Money of a refund that failed came back, in a transaction of its own: together they are nothing. */
async function refundEntry(
  account: StripeAccount,
  transaction: Transaction,
  numbers: Map<string, string | undefined>,
): Promise<StatementEntry | undefined> {
  const refund = read(refundSchema, transaction.source);
  const meaning = meaningOfRefund(refund.status);
  const { payment_intent: providerTradeNo } = refund;
  if (meaning === 'failed' || meaning === 'needs_attention' || !providerTradeNo) return undefined;
  const outTradeNo =
    refund.metadata[ourNumber] ?? (await numberOf(account, providerTradeNo, numbers));
  if (!outTradeNo) return undefined;
  return {
    kind: 'refund',
    outTradeNo,
    providerTradeNo,
    refundNo: refund.metadata[ourRefundNumber] ?? refund.id,
    providerRefundNo: refund.id,
    ...moneyOf(refund.amount, refund.currency, transaction),
  };
}

/** A refund made in the Dashboard carries no number of ours; its payment does. */
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
  if (amountMinor === undefined) throw unreadable(`${transaction.id} has an unreadable amount`);
  const isSameMoney = transaction.currency === currency;
  const feeMinor = isSameMoney ? (fromStripeAmount(fee, currency) ?? null) : null;
  return {
    amountMinor,
    currency: fromStripeCurrency(currency),
    feeMinor,
    at: isoOfSeconds(created),
  };
}
