import { findDispute } from '../kit/book.ts';
import type { Payment } from '../kit/book.ts';
import type { Call } from '../kit/faults.ts';
import { findIntent, findSession } from './api-call.ts';
import type { ApiCall } from './api-call.ts';
import { missing } from './api-error.ts';
import { disputeObject } from './api-objects.ts';
import { listBalanceTransactions } from './balance.ts';
import {
  cancelPaymentIntent,
  capturePaymentIntent,
  confirmPaymentIntent,
  createPaymentIntent,
  retrievePaymentIntent,
  searchPaymentIntents,
} from './payment-intents.ts';
import { createRefund, findByProviderNo, listRefunds, retrieveRefund } from './refunds.ts';
import { createSession, expireSession, retrieveSession } from './sessions.ts';

export type Route = {
  method: 'GET' | 'POST';
  path: RegExp;
  /** The call's name in scripted faults; undefined for the payer's own call, which has no faults. */
  call: Call | undefined;
  run: (call: ApiCall, id: string) => object;
};

/** The part of https://docs.stripe.com/api for payments, refunds and balance. */
const routes: readonly Route[] = [
  route('POST', 'payment_intents', 'create', createPaymentIntent),
  route('GET', 'payment_intents/search', 'query', searchPaymentIntents),
  route('GET', 'payment_intents/:id', 'query', retrievePaymentIntent),
  route('POST', 'payment_intents/:id/confirm', undefined, confirmPaymentIntent),
  route('POST', 'payment_intents/:id/capture', 'capture', capturePaymentIntent),
  route('POST', 'payment_intents/:id/cancel', 'close', cancelPaymentIntent),
  route('POST', 'checkout/sessions', 'create', createSession),
  route('GET', 'checkout/sessions/:id', 'query', retrieveSession),
  route('POST', 'checkout/sessions/:id/expire', 'close', expireSession),
  route('POST', 'refunds', 'refund', createRefund),
  route('GET', 'refunds', 'queryRefund', listRefunds),
  route('GET', 'refunds/:id', 'queryRefund', retrieveRefund),
  route('GET', 'disputes/:id', 'query', retrieveDispute),
  route('GET', 'balance_transactions', 'statement', listBalanceTransactions),
];

export function matchRoute(method: string, path: string): { route: Route; id: string } | undefined {
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(path) : undefined;
    if (match) return { route, id: decodeURIComponent(match[1] ?? '') };
  }
  return undefined;
}

/** The console number of a call's payment; empty if it has none. */
export function numberOfCall(call: ApiCall, id: string): string {
  const { params } = call;
  const known = paymentOf(call, id) ?? paymentOf(call, params.text('payment_intent') ?? '');
  const searched = /:'([^']*)'$/.exec(params.text('query') ?? '')?.[1];
  const created = params.record('metadata')['out_trade_no'];
  return known?.outTradeNo ?? created ?? searched ?? '';
}

function paymentOf(call: ApiCall, id: string): Payment | undefined {
  if (id.startsWith('pi_')) return findIntent(call, id);
  if (id.startsWith('cs_')) return findSession(call, id);
  return id.startsWith('re_') ? findByProviderNo(call, id)?.payment : undefined;
}

/** `GET /v1/disputes/:id` */
function retrieveDispute({ platform, account }: ApiCall, id: string): object {
  const found = findDispute(platform.book, id);
  if (found?.payment.account !== account.account) throw missing('dispute', id);
  return disputeObject(found.payment, found.dispute);
}

function route(
  method: Route['method'],
  path: string,
  call: Route['call'],
  run: Route['run'],
): Route {
  return { method, path: new RegExp(`^/v1/${path.replace(':id', '([^/]+)')}$`), call, run };
}
