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
import type { PaymentIntentData, SessionData } from './objects.ts';
import {
  meaningOfPaymentIntent,
  meaningOfSession,
  reportOfPaymentIntent,
  reportOfSession,
} from './status.ts';

/** Stripe's objects of a payment; a Session without a PaymentIntent has not been confirmed yet. */
type Found = { session?: SessionData; paymentIntent?: PaymentIntentData };

export async function queryPayment(
  account: StripeAccount,
  payment: PaymentRef,
): Promise<QueryPaymentResult> {
  const found = await find(account, payment);
  if (!found) return { kind: 'reported', report: { status: 'absent' } };
  return { kind: 'reported', report: wholeReport(reportOfFound(found)) };
}

/** The combined report of both objects. */
export function reportOfFound({ session, paymentIntent }: Found): ProviderReport | undefined {
  // A delayed method failed after the Session was completed; nobody can pay by it any more.
  const hasFailed =
    session?.status === 'complete' && paymentIntent?.status === 'requires_payment_method';
  if (hasFailed) return { status: 'closed' };
  return paymentIntent ? reportOfPaymentIntent(paymentIntent) : session && reportOfSession(session);
}

/**
 * Captures once: a repeat finds the PaymentIntent succeeded and reports that. It is read before, because the key would
 * store a refusal from before the authorisation.
 */
export async function capturePayment(
  account: StripeAccount,
  { captureMinor, ...payment }: CaptureInput,
): Promise<CaptureResult> {
  const amount = toStripeAmount(captureMinor, payment.currency);
  if (amount === undefined) return amountRefused(captureMinor, payment.currency);
  const authorized = (await find(account, payment))?.paymentIntent;
  const isAuthorized = authorized && meaningOfPaymentIntent(authorized.status) === 'authorized';
  if (!isAuthorized) return captureOutcome(authorized, notAuthorized);
  try {
    const answer = await underKey(`capture-${payment.outTradeNo}-${captureMinor}`, (key) =>
      account.sdk.paymentIntents.capture(
        authorized.id,
        { amount_to_capture: amount, expand: ['latest_charge'] },
        { idempotencyKey: key },
      ),
    );
    const data = readPaymentIntent(account, payment, answer);
    return { kind: 'reported', report: wholeReport(reportOfPaymentIntent(data)) };
  } catch (error) {
    const refusal = refusalOf(error);
    if (!refusal) throw faultOf(error);
    return captureOutcome(await retrievePaymentIntent(account, payment, authorized.id), refusal);
  }
}

const notAuthorized: Refusal = {
  kind: 'invalidState',
  code: 'NOT_AUTHORIZED',
  message: 'Stripe: nothing is authorised',
};

/** The report of an earlier capture, else the refusal. */
function captureOutcome(data: PaymentIntentData | undefined, refusal: Refusal): CaptureResult {
  const isPaid = data && meaningOfPaymentIntent(data.status) === 'paid';
  if (!isPaid) return refusal;
  return { kind: 'reported', report: wholeReport(reportOfPaymentIntent(data)) };
}

/** Expires an open Session, or cancels a PaymentIntent, which voids an authorisation. A payment wins. */
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
    // Stripe refuses to cancel the PaymentIntent of an open Session. No idempotency key: closing twice is harmless, and
    // a key would repeat a refusal after its reason is gone.
    if (session?.status === 'open') await account.sdk.checkout.sessions.expire(session.id);
    else if (paymentIntent) await account.sdk.paymentIntents.cancel(paymentIntent.id);
  } catch (error) {
    // `Only Checkout Sessions with a status in ["open"] can be expired` comes without a code.
    if (!refusalOf(error)) throw faultOf(error);
  }
  // Queried instead of derived from the error: refusals have many texts, and the payer may have been faster.
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
  // Stripe cancels the PaymentIntent of an expired Session.
  if (session?.status === 'expired' && meaning !== 'paid') return { kind: 'closed' };
  if (meaning === 'paid') return { kind: 'paid' };
  return meaning === 'closed' ? { kind: 'closed' } : undefined;
}

/** The PaymentIntent's id, queried if it is not known yet; undefined if there is none. */
export async function paymentIntentIdOf(
  account: StripeAccount,
  payment: PaymentRef,
): Promise<string | undefined> {
  if (payment.providerTradeNo) return payment.providerTradeNo;
  return (await find(account, payment))?.paymentIntent?.id;
}

/**
 * Finds a payment by its handle, else by our number in the metadata. Stripe's search lags minutes behind and does not
 * know unconfirmed Sessions. But without a handle the creation was never answered, so nobody has the client secret or
 * the URL, and an unfound payment is harmless. https://docs.stripe.com/search#data-freshness
 */
async function find(account: StripeAccount, payment: PaymentRef): Promise<Found | undefined> {
  const id = payment.providerRef ?? payment.providerTradeNo;
  if (isSessionId(id)) return findBySession(account, payment, id);
  if (id) return { paymentIntent: await retrievePaymentIntent(account, payment, id) };
  const query = `metadata['${ourNumber}']:'${payment.outTradeNo}'`;
  const { data } = await ask(() => account.sdk.paymentIntents.search({ query, limit: 100 }));
  // A copy of the metadata is younger than the original.
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
  const data = read(paymentIntentSchema, answer);
  assertMode(account, data);
  if (data.metadata[ourNumber] !== payment.outTradeNo) throw unreadable('another payment');
  return data;
}

function wholeReport(report: ProviderReport | undefined): ProviderReport {
  if (report) return report;
  throw unreadable('the answer reports a payment without its amount or PaymentIntent');
}
