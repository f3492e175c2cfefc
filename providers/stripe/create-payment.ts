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
 * Creates a PaymentIntent or a Checkout Session. A repeat within 24 hours returns the first one. The object of an
 * older, unanswered request was never shown to anyone and cannot be paid.
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
  const data = read(paymentIntentSchema, answer);
  assertMode(account, data);
  if (data.metadata[ourNumber] !== outTradeNo)
    throw unreadable('the answer is about another payment');
  if (!data.client_secret) throw unreadable('the answer has no client_secret');
  const nextAction = { kind: 'clientSecret', clientSecret: data.client_secret } as const;
  return { kind: 'created', nextAction, providerRef: data.id };
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
      // The end is too far in the future for Stripe now, or was at an earlier attempt: the session then lives 24 hours.
      const isTooFarOff = isAboutParam(error, 'expires_at') || isIdempotencyConflict(error);
      if (isTooFarOff) return sessions.create(terms, { idempotencyKey });
      throw error;
    });
  const data = read(sessionSchema, answer);
  assertMode(account, data);
  if (data.client_reference_id !== input.outTradeNo) {
    throw unreadable('the answer is about another payment');
  }
  if (!data.url) throw unreadable('the answer has no url');
  const nextAction = { kind: 'redirect', url: data.url } as const;
  return { kind: 'created', nextAction, providerRef: data.id };
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
 * A session must end 30 minutes to 24 hours after its creation, and a repeat must request the same end. So the end is
 * the order's plus 30 minutes and one minute of margin; we close the order ourselves at its own deadline.
 */
function sessionEndOf(expiresAt: string): number {
  return Math.floor(Date.parse(expiresAt) / 1000) + 31 * 60;
}
