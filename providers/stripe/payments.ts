import type { ProviderReport } from '../../domain/payment.ts';
import { ProviderFault } from '../faults.ts';
import type {
  CaptureInput,
  CaptureResult,
  ClosePaymentResult,
  PaymentRef,
  QueryPaymentResult,
  Refusal,
} from '../provider.ts';
import { ask, assertMode, read, underKey } from './account.ts';
import type { StripeAccount } from './account.ts';
import { amountRefused, faultOf, refusalOf, unreadable } from './errors.ts';
import { toStripeAmount } from './money.ts';
import { ourNumber, paymentIntentSchema, sessionSchema } from './objects.ts';
import type { PaymentIntentWords, SessionWords } from './objects.ts';
import {
  meaningOfPaymentIntent,
  meaningOfSession,
  reportOfPaymentIntent,
  reportOfSession,
} from './status.ts';

/** What Stripe has of a payment: a Session without a PaymentIntent has not been confirmed yet. */
type Found = { session?: SessionWords; paymentIntent?: PaymentIntentWords };

export async function queryPayment(
  account: StripeAccount,
  payment: PaymentRef,
): Promise<QueryPaymentResult> {
  const found = await find(account, payment);
  if (!found) return { kind: 'reported', report: { status: 'absent' } };
  return { kind: 'reported', report: wholeReport(reportOfFound(found)) };
}

/** What both say together. */
export function reportOfFound({ session, paymentIntent }: Found): ProviderReport | undefined {
  // A slow method has failed after the Session was completed: nobody can pay by it any more.
  const isDeadEnd =
    session?.status === 'complete' && paymentIntent?.status === 'requires_payment_method';
  if (isDeadEnd) return { status: 'closed' };
  return paymentIntent ? reportOfPaymentIntent(paymentIntent) : session && reportOfSession(session);
}

/**
 * Takes what is held, once: repeated, it finds the PaymentIntent succeeded and reports that. Looked at
 * first, because the key would remember a refusal from before the money was held.
 */
export async function capturePayment(
  account: StripeAccount,
  { captureMinor, ...payment }: CaptureInput,
): Promise<CaptureResult> {
  const amount = toStripeAmount(captureMinor, payment.currency);
  if (amount === undefined) return amountRefused(captureMinor, payment.currency);
  const held = (await find(account, payment))?.paymentIntent;
  const isHeld = held && meaningOfPaymentIntent(held.status) === 'authorized';
  if (!isHeld) return captureOutcome(held, notHeld);
  try {
    const answer = await underKey(`capture-${payment.outTradeNo}-${captureMinor}`, (key) =>
      account.sdk.paymentIntents.capture(
        held.id,
        { amount_to_capture: amount, expand: ['latest_charge'] },
        { idempotencyKey: key },
      ),
    );
    const words = readPaymentIntent(account, payment, answer);
    return { kind: 'reported', report: wholeReport(reportOfPaymentIntent(words)) };
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw faultOf(error);
    return captureOutcome(await retrievePaymentIntent(account, payment, held.id), refusal);
  }
}

const notHeld: Refusal = {
  kind: 'invalidState',
  code: 'NOT_AUTHORIZED',
  message: 'Stripe: nothing is held',
};

/** What was taken by an earlier capture, or else why there is none. */
function captureOutcome(words: PaymentIntentWords | undefined, refusal: Refusal): CaptureResult {
  const isTaken = words && meaningOfPaymentIntent(words.status) === 'paid';
  if (!isTaken) return refusal;
  return { kind: 'reported', report: wholeReport(reportOfPaymentIntent(words)) };
}

/** Expires an open Session, cancels a PaymentIntent: money that is held is let go. Paid wins. */
export async function closePayment(
  account: StripeAccount,
  payment: PaymentRef,
): Promise<ClosePaymentResult> {
  const found = await find(account, payment);
  if (!found) return { kind: 'absent' };
  const state = closedOf(found);
  if (state) return state;
  const { session, paymentIntent } = found;
  try {
    // Behind an open Session, Stripe lets nobody cancel the PaymentIntent. No key of ours: closing
    // twice is harmless, and a key would go on saying no after the reason for it has passed.
    if (session?.status === 'open') await account.sdk.checkout.sessions.expire(session.id);
    else if (paymentIntent) await account.sdk.paymentIntents.cancel(paymentIntent.id);
  } catch (error) {
    // `Only Checkout Sessions with a status in ["open"] can be expired` comes without a code.
    if (!refusalOf(error)) throw faultOf(error);
  }
  // Looked at, not taken from the answer: a refusal has many words, and the payer may have been faster.
  const after = await find(account, payment);
  const outcome = after && closedOf(after);
  if (outcome) return outcome;
  throw new ProviderFault('retryable', 'PAYMENT_UNDER_WAY', 'Stripe: cannot be closed now', {
    blames: 'request',
  });
}

function closedOf({ session, paymentIntent }: Found): ClosePaymentResult | undefined {
  const meaning = paymentIntent
    ? meaningOfPaymentIntent(paymentIntent.status)
    : session && meaningOfSession(session.status, session.payment_status);
  // After an expired Session its PaymentIntent, where one was begun, is cancelled by Stripe.
  if (session?.status === 'expired' && meaning !== 'paid') return { kind: 'closed' };
  if (meaning === 'paid') return { kind: 'paid' };
  return meaning === 'closed' ? { kind: 'closed' } : undefined;
}

/** The PaymentIntent's id, asked for where it is not known yet; undefined when there is none. */
export async function paymentIntentIdOf(
  account: StripeAccount,
  payment: PaymentRef,
): Promise<string | undefined> {
  if (payment.providerTradeNo) return payment.providerTradeNo;
  return (await find(account, payment))?.paymentIntent?.id;
}

/**
 * By the handle that the creation gave; without one, by our number in the metadata. That search is
 * minutes behind, and does not know Sessions nobody has confirmed: but without a handle the creation
 * was never answered, so nobody was given the client secret or the URL, and an unfound payment is
 * harmless. https://docs.stripe.com/search#data-freshness
 */
async function find(account: StripeAccount, payment: PaymentRef): Promise<Found | undefined> {
  const id = payment.providerRef ?? payment.providerTradeNo;
  if (isSessionId(id)) return findBySession(account, payment, id);
  if (id) return { paymentIntent: await retrievePaymentIntent(account, payment, id) };
  const query = `metadata['${ourNumber}']:'${payment.outTradeNo}'`;
  const { data } = await ask(() => account.sdk.paymentIntents.search({ query, limit: 100 }));
  // Metadata can be copied, and a copy is younger than what it was copied from.
  const hit = data.toSorted((one, other) => one.created - other.created)[0];
  return hit && { paymentIntent: await retrievePaymentIntent(account, payment, hit.id) };
}

export function isSessionId(id: string | null): id is string {
  return id?.startsWith('cs_') ?? false;
}

async function findBySession(
  account: StripeAccount,
  payment: PaymentRef,
  id: string,
): Promise<Found> {
  const answer = await ask(() =>
    account.sdk.checkout.sessions.retrieve(id, { expand: ['payment_intent.latest_charge'] }),
  );
  const session = read(sessionSchema, answer);
  assertMode(account, session);
  if (session.client_reference_id !== payment.outTradeNo) throw unreadable('another payment');
  const { payment_intent: paymentIntent } = session;
  const isExpanded = typeof paymentIntent === 'object' && paymentIntent !== null;
  return isExpanded ? { session, paymentIntent } : { session };
}

async function retrievePaymentIntent(account: StripeAccount, payment: PaymentRef, id: string) {
  const answer = await ask(() =>
    account.sdk.paymentIntents.retrieve(id, { expand: ['latest_charge'] }),
  );
  return readPaymentIntent(account, payment, answer);
}

function readPaymentIntent(account: StripeAccount, payment: PaymentRef, answer: unknown) {
  const words = read(paymentIntentSchema, answer);
  assertMode(account, words);
  if (words.metadata[ourNumber] !== payment.outTradeNo) throw unreadable('another payment');
  return words;
}

function wholeReport(report: ProviderReport | undefined): ProviderReport {
  if (report) return report;
  throw unreadable('the answer says paid, but not how much or by which PaymentIntent');
}
