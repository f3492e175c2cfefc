import type { ApiCall } from './api-call.ts';
import { consoleNumber, findSession, readAmount, readCurrency } from './api-call.ts';
import { invalidRequest, missing } from './api-error.ts';
import { sessionObject, sessionStatus } from './api-objects.ts';
import type { ApiObject } from './api-objects.ts';
import { newId } from './ids.ts';
import { opened, readCapture } from './payment-intents.ts';

const dayMs = 86_400_000;
const halfHourMs = 1_800_000;

/** `POST /v1/checkout/sessions`, with one line item. */
export function createSession(call: ApiCall): ApiObject {
  const { params, platform, account, publicUrl } = call;
  const item = 'line_items[0][price_data]';
  params.allow([
    /^(?:mode|client_reference_id|success_url|cancel_url|expires_at)$/,
    /^line_items\[0\]\[(?:quantity|price_data\]\[(?:currency|unit_amount|product_data\]\[name))\]$/,
    /^metadata\[[^\]]{1,40}\]$/,
    /^payment_intent_data\[(?:capture_method|description|metadata\]\[[^\]]{1,40})\]$/,
    /^expand\[\d*\]$/,
  ]);
  if (params.need('mode') !== 'payment') throw invalidRequest('Invalid mode', { param: 'mode' });
  const currency = readCurrency(params.need(`${item}[currency]`), `${item}[currency]`);
  const unitAmount = params.needInt(`${item}[unit_amount]`);
  const amount = unitAmount * (params.int('line_items[0][quantity]') ?? 1);
  const metadata = params.record('payment_intent_data[metadata]');
  const sessionId = newId(account.details['mode'] === 'live' ? 'cs_live_' : 'cs_test_', 58);
  const url = `${publicUrl}/c/pay/${sessionId}`;
  const reference = params.text('client_reference_id');
  const cancelUrl = params.text('cancel_url');
  const nowMs = Date.now();
  const verdict = platform.open({
    account: account.account,
    outTradeNo: consoleNumber(call, metadata['out_trade_no'] ?? reference, sessionId),
    providerTradeNo: null,
    method: 'checkout',
    amountMinor: readAmount(amount, currency, `${item}[unit_amount]`),
    currency,
    subject: params.need(`${item}[product_data][name]`),
    terms: sessionId,
    capture: readCapture(params.text('payment_intent_data[capture_method]'), 'capture_method'),
    openedAtMs: nowMs,
    expiresAtMs: readEnd(params.int('expires_at'), nowMs),
    details: {
      sessionId,
      url,
      successUrl: readUrl(params.need('success_url'), 'success_url'),
      ...(cancelUrl && { cancelUrl: readUrl(cancelUrl, 'cancel_url') }),
      ...(reference && { clientReferenceId: reference }),
      metadata: JSON.stringify(metadata),
      sessionMetadata: JSON.stringify(params.record('metadata')),
      livemode: String(account.details['mode'] === 'live'),
    },
  });
  return sessionObject(opened(verdict));
}

/** `GET /v1/checkout/sessions/:id` */
export function retrieveSession(call: ApiCall, id: string): ApiObject {
  const payment = findSession(call, id);
  if (!payment) throw missing('checkout.session', id);
  const paths = ['payment_intent', 'payment_intent.latest_charge'];
  const expandPaymentIntent = paths.some((path) => call.params.expands(path));
  return sessionObject(payment, { expandPaymentIntent });
}

/** `POST /v1/checkout/sessions/:id/expire` */
export function expireSession(call: ApiCall, id: string): ApiObject {
  const payment = findSession(call, id);
  if (!payment) throw missing('checkout.session', id);
  if (sessionStatus(payment) !== 'open') {
    throw invalidRequest('Only Checkout Sessions with a status in ["open"] can be expired.');
  }
  call.platform.close(payment);
  return sessionObject(payment);
}

function readEnd(seconds: number | undefined, nowMs: number): number {
  if (seconds === undefined) return nowMs + dayMs;
  const endMs = seconds * 1000;
  if (endMs >= nowMs + halfHourMs && endMs <= nowMs + dayMs) return endMs;
  throw invalidRequest(
    'The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.',
    { param: 'expires_at' },
  );
}

function readUrl(text: string, param: string): string {
  if (URL.canParse(text)) return text;
  throw invalidRequest('Not a valid URL', { code: 'url_invalid', param });
}
