import type { CreatePaymentInput, CreatePaymentResult } from '../provider.ts';
import { assertMode, read, underKey } from './account.ts';
import type { StripeAccount } from './account.ts';
import {
  amountRefused,
  faultOf,
  isAboutParam,
  isIdempotencyConflict,
  refusalOf,
  unreadable,
} from './errors.ts';
import { toStripeAmount } from './money.ts';
import { ourNumber, paymentIntentSchema, sessionSchema } from './objects.ts';

/**
 * Asks for a PaymentIntent or a Checkout Session. A repeat within 24 hours is answered with the first
 * one's; what an older first request may have left is known to nobody, and cannot be paid.
 */
export async function createPayment(
  account: StripeAccount,
  input: CreatePaymentInput,
): Promise<CreatePaymentResult> {
  const amount = toStripeAmount(input.amountMinor, input.currency);
  if (amount === undefined) return amountRefused(input.amountMinor, input.currency);
  const create = input.method === 'stripe.checkout' ? createSession : createPaymentIntent;
  try {
    return await underKey(`create-${input.outTradeNo}`, (key) =>
      create(account, input, amount, key),
    );
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal) return refusal;
    throw faultOf(error);
  }
}

async function createPaymentIntent(
  account: StripeAccount,
  { outTradeNo, currency, subject, capture }: CreatePaymentInput,
  amount: number,
  idempotencyKey: string,
): Promise<CreatePaymentResult> {
  const answer = await account.sdk.paymentIntents.create(
    {
      amount,
      currency: currency.toLowerCase(),
      description: subject,
      capture_method: capture,
      automatic_payment_methods: { enabled: true },
      metadata: { [ourNumber]: outTradeNo },
    },
    { idempotencyKey },
  );
  const words = read(paymentIntentSchema, answer);
  assertMode(account, words);
  if (words.metadata[ourNumber] !== outTradeNo)
    throw unreadable('the answer is about another payment');
  if (!words.client_secret) throw unreadable('the answer has no client_secret');
  const nextAction = { kind: 'clientSecret', clientSecret: words.client_secret } as const;
  return { kind: 'created', nextAction, providerRef: words.id };
}

async function createSession(
  account: StripeAccount,
  input: CreatePaymentInput,
  amount: number,
  idempotencyKey: string,
): Promise<CreatePaymentResult> {
  const terms = sessionTerms(input, amount);
  const { sessions } = account.sdk.checkout;
  const answer = await sessions
    .create({ ...terms, expires_at: sessionEndOf(input.expiresAt) }, { idempotencyKey })
    .catch((error: unknown) => {
      // Too far off for Stripe, or it was at an earlier attempt: then the session lives its 24 hours.
      const isTooFarOff = isAboutParam(error, 'expires_at') || isIdempotencyConflict(error);
      if (isTooFarOff) return sessions.create(terms, { idempotencyKey });
      throw error;
    });
  const words = read(sessionSchema, answer);
  assertMode(account, words);
  if (words.client_reference_id !== input.outTradeNo) {
    throw unreadable('the answer is about another payment');
  }
  if (!words.url) throw unreadable('the answer has no url');
  const nextAction = { kind: 'redirect', url: words.url } as const;
  return { kind: 'created', nextAction, providerRef: words.id };
}

function sessionTerms(
  { outTradeNo, currency, subject, capture, returnUrl }: CreatePaymentInput,
  amount: number,
) {
  const metadata = { [ourNumber]: outTradeNo };
  return {
    mode: 'payment' as const,
    client_reference_id: outTradeNo,
    success_url: returnUrl,
    cancel_url: returnUrl,
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: currency.toLowerCase(),
          unit_amount: amount,
          product_data: { name: subject },
        },
      },
    ],
    metadata,
    // The PaymentIntent does not inherit the Session's metadata.
    payment_intent_data: { capture_method: capture, description: subject, metadata },
  };
}

/**
 * A session must end 30 minutes to 24 hours after it was created, and a repeat must ask for the very
 * same end: so it follows from the order's alone, half an hour later, with a minute for the way. We
 * close an order ourselves when its own time is over.
 */
function sessionEndOf(expiresAt: string): number {
  return Math.floor(Date.parse(expiresAt) / 1000) + 31 * 60;
}
