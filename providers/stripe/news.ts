import type { ProviderNews, ReportBinding } from '../../domain/payment.ts';
import {
  disputeSchema,
  ourNumber,
  ourRefundNumber,
  paymentIntentSchema,
  refundSchema,
  sessionSchema,
} from './objects.ts';
import { reportOfDispute, reportOfPaymentIntent, reportOfSession } from './status.ts';

/** The news in an object, and the payment that it is about. */
export type Reading = {
  /** A warning for the account's owner. */
  notice?: string;
  news: ProviderNews;
  about: Required<Pick<ReportBinding, 'outTradeNo' | 'providerTradeNo'>> &
    Pick<ReportBinding, 'providerRef'>;
};

/**
 * Parses the object of an event. `charge.*` is ignored: `payment_intent.*` reports the payment, and `refund.*` the
 * refunds, whose numbers `charge.refunded` lacks. Undefined if the object is not about a payment.
 */
export function readingOf(eventType: string, object: unknown): Reading | undefined {
  if (eventType.startsWith('charge.dispute.')) return readDispute(object);
  // Before 2024-10-28 updates of some refunds had this name, and an endpoint keeps its version's names.
  if (eventType.startsWith('charge.refund.')) return readRefund(object);
  if (eventType === 'checkout.session.async_payment_failed') return asQuery(readSession(object));
  switch (eventType.split('.')[0]) {
    case 'payment_intent':
      return readPaymentIntent(object);
    case 'checkout':
      return readSession(object);
    case 'refund':
      return readRefund(object);
    default:
      return undefined;
  }
}

/** The object does not show the failure; only a query does. */
function asQuery(reading: Reading | undefined): Reading | undefined {
  return reading && { ...reading, news: { kind: 'hint' } };
}

function readPaymentIntent(object: unknown): Reading | undefined {
  const data = paymentIntentSchema.safeParse(object).data;
  if (!data) return undefined;
  const report = reportOfPaymentIntent(data);
  return {
    news: report ? { kind: 'payment', report } : { kind: 'hint' },
    about: { outTradeNo: data.metadata[ourNumber] ?? null, providerTradeNo: data.id },
  };
}

function readSession(object: unknown): Reading | undefined {
  const data = sessionSchema.safeParse(object).data;
  if (!data) return undefined;
  const { payment_intent: intent } = data;
  const providerTradeNo = typeof intent === 'string' ? intent : (intent?.id ?? null);
  const outTradeNo = data.metadata[ourNumber] ?? data.client_reference_id ?? null;
  const report = reportOfSession(data);
  const news: ProviderNews = report ? { kind: 'payment', report } : { kind: 'hint' };
  return { news, about: { outTradeNo, providerTradeNo, providerRef: data.id } };
}

/** A refund made in the Dashboard has none of our metadata; Stripe's numbers identify it. */
function readRefund(object: unknown): Reading | undefined {
  const data = refundSchema.safeParse(object).data;
  if (!data) return undefined;
  const refundNo = data.metadata[ourRefundNumber] ?? data.id;
  const outTradeNo = data.metadata[ourNumber] ?? null;
  return {
    news: { kind: 'refund', refundNo, providerRefundNo: data.id },
    about: { outTradeNo, providerTradeNo: data.payment_intent },
  };
}

function readDispute(object: unknown): Reading | undefined {
  const data = disputeSchema.safeParse(object).data;
  if (!data) return undefined;
  const report = reportOfDispute(data);
  const outTradeNo = data.metadata[ourNumber] ?? null;
  const about = { outTradeNo, providerTradeNo: data.payment_intent };
  if (report) return { news: { kind: 'dispute', report }, about };
  const notice = `the dispute ${data.id} has the status ${data.status} and the amount ${data.amount} ${data.currency}, which are not supported: look at it in the Dashboard`;
  return { news: { kind: 'hint' }, about, notice };
}
