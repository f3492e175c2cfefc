import { findRefund } from '../kit/book.ts';
import type { Payment, Refund } from '../kit/book.ts';
import { refundableMinor } from '../kit/rules.ts';
import type { ApiCall } from './api-call.ts';
import { pageOf, readAmount, requireIntent } from './api-call.ts';
import { invalidRequest, missing, unexpectedState } from './api-error.ts';
import { refundObject } from './api-objects.ts';
import type { ApiObject } from './api-objects.ts';
import { newId } from './ids.ts';

/**
 * `POST /v1/refunds`. Two requests are two refunds, whatever their metadata; only an idempotency key makes them one.
 */
export function createRefund(call: ApiCall): ApiObject {
  const { params, platform, account } = call;
  params.allow([/^(?:payment_intent|amount|reason)$/, /^metadata\[[^\]]{1,40}\]$/]);
  const payment = requireIntent(call, params.need('payment_intent'));
  if (payment.status !== 'paid') {
    throw unexpectedState('This PaymentIntent does not have a successful charge to refund.');
  }
  if (payment.disputes.some(({ status }) => status === 'open' || status === 'lost')) {
    throw invalidRequest('The charge has been charged back; cannot issue a refund.', {
      code: 'charge_disputed',
    });
  }
  const remaining = refundableMinor(payment);
  if (remaining === 0) {
    throw invalidRequest('Charge has already been refunded.', { code: 'charge_already_refunded' });
  }
  const requestedAmount = params.int('amount');
  const metadata = params.record('metadata');
  const providerRefundNo = newId('re_3', 22);
  const verdict = platform.refund(payment, {
    refundNo: numberOf(call, metadata['refund_no'], providerRefundNo),
    providerRefundNo,
    amountMinor:
      requestedAmount === undefined
        ? remaining
        : readAmount(requestedAmount, payment.currency, 'amount'),
    isExternal: false,
    terms: JSON.stringify(metadata),
    atMs: Date.now(),
  });
  if ('refusal' in verdict) {
    throw invalidRequest('Refund amount is greater than unrefunded amount on charge.', {
      param: 'amount',
    });
  }
  const { refund } = verdict;
  const bounce = call.faults.takeBounce(payment);
  if (bounce) call.later(bounce.delayMs, () => platform.bounceRefund(payment, refund));
  else if (account.details['refunds'] !== 'pending') platform.settleRefund(payment, refund);
  return refundObject(payment, refund);
}

/** `GET /v1/refunds/:id` */
export function retrieveRefund(call: ApiCall, id: string): ApiObject {
  const found = findByProviderNo(call, id);
  if (!found) throw missing('refund', id);
  return refundObject(found.payment, found.refund);
}

/** `GET /v1/refunds?payment_intent=` */
export function listRefunds(call: ApiCall): object {
  const payment = requireIntent(call, call.params.need('payment_intent'));
  const refunds = payment.refunds.toReversed();
  return pageOf(
    call,
    '/v1/refunds',
    refunds.map((refund) => refundObject(payment, refund)),
  );
}

export function findByProviderNo(
  { platform, account }: ApiCall,
  id: string,
): { payment: Payment; refund: Refund } | undefined {
  for (const payment of platform.book.payments.values()) {
    if (payment.account !== account.account) continue;
    const refund = payment.refunds.find(({ providerRefundNo }) => providerRefundNo === id);
    if (refund) return { payment, refund };
  }
  return undefined;
}

/** The refund's number in the console: the merchant's if it is free, else the id. */
function numberOf(
  { platform, account }: ApiCall,
  requested: string | undefined,
  id: string,
): string {
  const isFree = requested && !findRefund(platform.book, { ...account, refundNo: requested });
  return isFree ? requested : id;
}
