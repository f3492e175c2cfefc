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

/** What an object says, and of which payment. */
export type Reading = {
  /** What its account's owner should know. */
  notice?: string;
  news: ProviderNews;
  about: Required<Pick<ReportBinding, 'outTradeNo' | 'providerTradeNo'>> &
    Pick<ReportBinding, 'providerRef'>;
};

/**
 * Reads the object of an event. `charge.*` is left out: a charge's payment is told by
 * `payment_intent.*`, its refunds, whose numbers `charge.refunded` does not carry, by `refund.*`.
 * Undefined for what is not about a payment.
 */
export function readingOf(eventType: string, object: unknown): Reading | undefined {
  if (eventType.startsWith('charge.dispute.')) return readDispute(object);
  // Before 2024-10-28 the updates of some refunds came under this name, and an endpoint keeps its version's names.
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

/** What it says is as it was before: only Stripe, asked, knows that nothing comes of it. */
function asQuery(reading: Reading | undefined): Reading | undefined {
  return reading && { ...reading, news: { kind: 'hint' } };
}

function readPaymentIntent(object: unknown): Reading | undefined {
  const words = paymentIntentSchema.safeParse(object).data;
  if (!words) return undefined;
  const report = reportOfPaymentIntent(words);
  return {
    news: report ? { kind: 'payment', report } : { kind: 'hint' },
    about: { outTradeNo: words.metadata[ourNumber] ?? null, providerTradeNo: words.id },
  };
}

function readSession(object: unknown): Reading | undefined {
  const words = sessionSchema.safeParse(object).data;
  if (!words) return undefined;
  const { payment_intent: intent } = words;
  const providerTradeNo = typeof intent === 'string' ? intent : (intent?.id ?? null);
  const outTradeNo = words.metadata[ourNumber] ?? words.client_reference_id ?? null;
  const report = reportOfSession(words);
  const news: ProviderNews = report ? { kind: 'payment', report } : { kind: 'hint' };
  return { news, about: { outTradeNo, providerTradeNo, providerRef: words.id } };
}

/** A refund made in the Dashboard has no metadata of ours: it is known by Stripe's numbers. */
function readRefund(object: unknown): Reading | undefined {
  const words = refundSchema.safeParse(object).data;
  if (!words) return undefined;
  const refundNo = words.metadata[ourRefundNumber] ?? words.id;
  const outTradeNo = words.metadata[ourNumber] ?? null;
  return {
    news: { kind: 'refund', refundNo, providerRefundNo: words.id },
    about: { outTradeNo, providerTradeNo: words.payment_intent },
  };
}

function readDispute(object: unknown): Reading | undefined {
  const words = disputeSchema.safeParse(object).data;
  if (!words) return undefined;
  const report = reportOfDispute(words);
  const outTradeNo = words.metadata[ourNumber] ?? null;
  const about = { outTradeNo, providerTradeNo: words.payment_intent };
  if (report) return { news: { kind: 'dispute', report }, about };
  const notice = `the dispute ${words.id} has the status ${words.status} and the amount ${words.amount} ${words.currency}, which are not understood: look at it in the Dashboard`;
  return { news: { kind: 'hint' }, about, notice };
}
