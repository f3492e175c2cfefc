import { z } from 'zod';
import type { Dispute, Payment, Refund } from '../kit/book.ts';
import { refundableMinor } from '../kit/rules.ts';
import { toApiAmount } from './units.ts';

export type ApiObject = Record<string, unknown> & { id: string; object: string };

const recordSchema = z.record(z.string(), z.string());

/** Parses stored JSON; `orElse` for seeded payments without metadata. */
function storedRecord(json: string | undefined, orElse: Record<string, string>) {
  return json ? recordSchema.parse(JSON.parse(json)) : orElse;
}

export function metadataOf({ details, outTradeNo }: Payment): Record<string, string> {
  return storedRecord(details['metadata'], { out_trade_no: outTradeNo });
}

export function paymentIntentObject(
  payment: Payment,
  { expandCharge = false }: { expandCharge?: boolean } = {},
): ApiObject {
  const { providerTradeNo, currency, status, details } = payment;
  const api = (amountMinor: number) => toApiAmount(amountMinor, currency);
  const hasCharge = payment.authorizedMinor > 0 || payment.capturedMinor > 0;
  const charge = chargeObject(payment);
  return {
    id: providerTradeNo ?? '',
    object: 'payment_intent',
    amount: api(payment.amountMinor),
    amount_capturable: status === 'authorized' ? api(payment.authorizedMinor) : 0,
    amount_received: api(payment.capturedMinor),
    canceled_at: seconds(payment.closedAtMs),
    capture_method: payment.capture,
    client_secret: details['clientSecret'] ?? null,
    created: seconds(payment.openedAtMs),
    currency: currency.toLowerCase(),
    description: payment.subject,
    latest_charge: hasCharge ? (expandCharge ? charge : charge.id) : null,
    livemode: details['livemode'] === 'true',
    metadata: metadataOf(payment),
    status: paymentIntentStatus(payment),
  };
}

function paymentIntentStatus({ status }: Payment): string {
  switch (status) {
    case 'open':
      return 'requires_payment_method';
    case 'authorized':
      return 'requires_capture';
    case 'paid':
      return 'succeeded';
    case 'closed':
      return 'canceled';
  }
}

export function sessionObject(
  payment: Payment,
  { expandPaymentIntent = false }: { expandPaymentIntent?: boolean } = {},
): ApiObject {
  const { providerTradeNo, status, details } = payment;
  const intent = expandPaymentIntent
    ? paymentIntentObject(payment, { expandCharge: true })
    : providerTradeNo;
  const state = sessionStatus(payment);
  return {
    id: details['sessionId'] ?? '',
    object: 'checkout.session',
    // The paid amount, which differs from the requested one in some tests.
    amount_total: toApiAmount(
      payment.capture === 'automatic' && status === 'paid'
        ? payment.capturedMinor
        : payment.amountMinor,
      payment.currency,
    ),
    cancel_url: details['cancelUrl'] ?? null,
    client_reference_id: details['clientReferenceId'] ?? null,
    created: seconds(payment.openedAtMs),
    currency: payment.currency.toLowerCase(),
    expires_at: seconds(payment.expiresAtMs),
    livemode: details['livemode'] === 'true',
    metadata: storedRecord(details['sessionMetadata'], {}),
    mode: 'payment',
    // Created when the payer confirms.
    payment_intent: providerTradeNo === null ? null : intent,
    payment_status: status === 'paid' ? 'paid' : 'unpaid',
    status: state,
    success_url: details['successUrl'] ?? null,
    url: state === 'open' ? (details['url'] ?? null) : null,
  };
}

/** The Session's status. A complete Session stays complete, also if the authorised amount is released. */
export function sessionStatus({ providerTradeNo, status }: Payment): string {
  if (providerTradeNo !== null) return 'complete';
  return status === 'closed' ? 'expired' : 'open';
}

export function chargeObject(payment: Payment) {
  const { providerTradeNo, currency, capturedMinor, authorizedMinor, details } = payment;
  return {
    id: `ch_${(providerTradeNo ?? '').slice(3)}`,
    object: 'charge',
    amount: toApiAmount(authorizedMinor || capturedMinor, currency),
    amount_captured: toApiAmount(capturedMinor, currency),
    captured: capturedMinor > 0,
    created: seconds(payment.paidAtMs ?? payment.openedAtMs),
    currency: currency.toLowerCase(),
    livemode: details['livemode'] === 'true',
    metadata: metadataOf(payment),
    payment_intent: providerTradeNo,
    refunded: capturedMinor > 0 && refundableMinor(payment) === 0,
    status: 'succeeded',
  } satisfies ApiObject;
}

const refundStatuses = {
  pending: 'pending',
  succeeded: 'succeeded',
  bounced: 'failed',
  closed: 'canceled',
} as const satisfies Record<Refund['status'], string>;

export function refundObject(payment: Payment, refund: Refund): ApiObject {
  const merchantNumbers = { refund_no: refund.refundNo, out_trade_no: payment.outTradeNo };
  return {
    id: refund.providerRefundNo,
    object: 'refund',
    amount: toApiAmount(refund.amountMinor, payment.currency),
    charge: chargeObject(payment).id,
    created: seconds(refund.atMs),
    currency: payment.currency.toLowerCase(),
    ...(refund.status === 'bounced' && { failure_reason: 'expired_or_canceled_card' }),
    metadata: storedRecord(refund.terms, refund.isExternal ? {} : merchantNumbers),
    payment_intent: payment.providerTradeNo,
    reason: null,
    status: refundStatuses[refund.status],
  };
}

const disputeStatuses = {
  inquiry: 'warning_needs_response',
  inquiryClosed: 'warning_closed',
  open: 'needs_response',
  won: 'won',
  lost: 'lost',
} as const;

export function disputeObject(payment: Payment, dispute: Dispute): ApiObject {
  return {
    id: dispute.disputeNo,
    object: 'dispute',
    amount: toApiAmount(dispute.amountMinor, payment.currency),
    charge: chargeObject(payment).id,
    created: seconds(dispute.atMs),
    currency: payment.currency.toLowerCase(),
    livemode: payment.details['livemode'] === 'true',
    metadata: {},
    payment_intent: payment.providerTradeNo,
    reason: dispute.reason,
    status: disputeStatuses[dispute.status],
  };
}

function seconds(timeMs: number): number;
function seconds(timeMs: number | undefined): number | null;
function seconds(timeMs: number | undefined): number | null {
  return timeMs === undefined ? null : Math.floor(timeMs / 1000);
}
