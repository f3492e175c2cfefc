import type { Payment } from '../kit/book.ts';
import type { Verdict } from '../kit/platform.ts';
import type { ApiCall } from './api-call.ts';
import { consoleNumber, readAmount, readCurrency, requireIntent } from './api-call.ts';
import { invalidRequest, unexpectedState } from './api-error.ts';
import { metadataOf, paymentIntentObject } from './api-objects.ts';
import type { ApiObject } from './api-objects.ts';
import { newId } from './ids.ts';

/** A PaymentIntent does not expire. */
const foreverMs = 10 * 365 * 86_400_000;

/** `POST /v1/payment_intents` */
export function createPaymentIntent(call: ApiCall): ApiObject {
  const { params, platform, account } = call;
  params.allow([
    /^(?:amount|currency|description|capture_method)$/,
    /^metadata\[[^\]]{1,40}\]$/,
    /^automatic_payment_methods\[enabled\]$/,
    /^expand\[\d*\]$/,
  ]);
  const currency = readCurrency(params.need('currency'), 'currency');
  const amountMinor = readAmount(params.needInt('amount'), currency, 'amount');
  const metadata = params.record('metadata');
  const id = newId('pi_3', 22);
  const verdict = platform.open({
    account: account.account,
    outTradeNo: consoleNumber(call, metadata['out_trade_no'], id),
    providerTradeNo: id,
    method: 'payment_intent',
    amountMinor,
    currency,
    subject: params.text('description') ?? '',
    terms: id,
    capture: readCapture(params.text('capture_method'), 'capture_method'),
    openedAtMs: Date.now(),
    expiresAtMs: Date.now() + foreverMs,
    details: {
      clientSecret: `${id}_secret_${newId('', 25)}`,
      metadata: JSON.stringify(metadata),
      livemode: String(account.details['mode'] === 'live'),
    },
  });
  return paymentIntentObject(opened(verdict));
}

/** `GET /v1/payment_intents/:id` */
export function retrievePaymentIntent(call: ApiCall, id: string): ApiObject {
  return withCharge(call, requireIntent(call, id));
}

/** `POST /v1/payment_intents/:id/confirm`, as Stripe.js sends it with the publishable key. */
export function confirmPaymentIntent(call: ApiCall, id: string): ApiObject {
  const payment = requireIntent(call, id);
  if (call.params.text('client_secret') !== payment.details['clientSecret']) {
    throw invalidRequest('The client_secret provided does not match.', { param: 'client_secret' });
  }
  const verdict = call.platform.pay(payment, {});
  if ('refusal' in verdict) throw notInState(payment, 'confirm');
  return paymentIntentObject(payment);
}

/** `POST /v1/payment_intents/:id/capture` */
export function capturePaymentIntent(call: ApiCall, id: string): ApiObject {
  const { params, platform } = call;
  params.allow([/^amount_to_capture$/, /^expand\[\d*\]$/]);
  const payment = requireIntent(call, id);
  if (payment.status !== 'authorized') throw notInState(payment, 'capture');
  const requestedAmount = params.int('amount_to_capture');
  const capturedMinor =
    requestedAmount === undefined
      ? payment.authorizedMinor
      : readAmount(requestedAmount, payment.currency, 'amount_to_capture');
  const verdict = platform.capture(payment, capturedMinor);
  if ('refusal' in verdict) {
    throw invalidRequest(
      'The requested capture amount is greater than the amount you can capture.',
      {
        param: 'amount_to_capture',
      },
    );
  }
  return withCharge(call, verdict.payment);
}

/** `POST /v1/payment_intents/:id/cancel` */
export function cancelPaymentIntent(call: ApiCall, id: string): ApiObject {
  const payment = requireIntent(call, id);
  const verdict = call.platform.close(payment);
  if ('refusal' in verdict) throw notInState(payment, 'cancel');
  return paymentIntentObject(verdict.payment);
}

/** `GET /v1/payment_intents/search`, by metadata and with a delay: https://docs.stripe.com/search#data-freshness */
export function searchPaymentIntents(call: ApiCall): object {
  const { params, platform, account, searchDelayMs } = call;
  const query = /^metadata\['([^']+)'\]:'([^']*)'$/.exec(params.need('query'));
  if (!query)
    throw invalidRequest('We were unable to parse your search query.', { param: 'query' });
  const [, name = '', value] = query;
  const untilMs = Date.now() - searchDelayMs;
  const data = [...platform.book.payments.values()]
    .filter(
      (payment) =>
        payment.account === account.account &&
        payment.providerTradeNo !== null &&
        payment.openedAtMs <= untilMs &&
        metadataOf(payment)[name] === value,
    )
    .map((payment) => paymentIntentObject(platform.refresh(payment)));
  const url = '/v1/payment_intents/search';
  return { object: 'search_result', url, has_more: false, next_page: null, data };
}

export function readCapture(text: string | undefined, param: string): 'automatic' | 'manual' {
  switch (text) {
    case undefined:
    case 'automatic':
    case 'automatic_async':
      return 'automatic';
    case 'manual':
      return 'manual';
    default:
      throw invalidRequest(
        `Invalid ${param}: must be one of automatic, automatic_async, or manual`,
        {
          param,
        },
      );
  }
}

/** The opened payment. A new id is never refused. */
export function opened(verdict: Verdict): Payment {
  if ('refusal' in verdict) throw new Error(`a new payment was refused: ${verdict.refusal}`);
  return verdict.payment;
}

function withCharge({ params }: ApiCall, payment: Payment): ApiObject {
  return paymentIntentObject(payment, { expandCharge: params.expands('latest_charge') });
}

function notInState(payment: Payment, verb: string) {
  const { status } = paymentIntentObject(payment);
  return unexpectedState(
    `You cannot ${verb} this PaymentIntent because it has a status of ${String(status)}.`,
  );
}
