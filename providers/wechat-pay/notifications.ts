import { z } from 'zod';
import type {
  NotificationAck,
  ParsedNotification,
  ProviderEvent,
  RawNotification,
} from '../provider.ts';
import type { PlatformKeys } from './certificates.ts';
import { decrypt, encryptedSchema } from './resource.ts';
import { reportOfTransaction, transactionSchema } from './status.ts';

export type NotificationReader = { keys: PlatformKeys; apiV3Key: string; appId: string };

const envelopeSchema = z.object({
  id: z.string().min(1),
  event_type: z.string(),
  resource: encryptedSchema,
});

const refundNewsSchema = z.object({
  mchid: z.string(),
  out_trade_no: z.string(),
  transaction_id: z.string().optional(),
  out_refund_no: z.string(),
  refund_id: z.string(),
});

/**
 * Parses a notification, signed in its headers and encrypted in its body. Never throws: an unreadable notification is
 * rejected. https://pay.weixin.qq.com/doc/v3/merchant/4012075420
 */
export async function readNotification(
  { rawBody, headers }: RawNotification,
  { keys, apiV3Key, appId }: NotificationReader,
): Promise<ParsedNotification> {
  const trust = await keys.check({ headers, rawBody });
  if (trust.kind === 'undecided') return { kind: 'retryLater', reason: trust.reason };
  if (trust.kind === 'refused') return rejected(trust.reason);
  const envelope = envelopeSchema.safeParse(readJson(rawBody));
  if (!envelope.success) return rejected('the body is not a notification');
  const { id, event_type: type, resource } = envelope.data;
  const opened = decrypt(resource, apiV3Key);
  if (opened === undefined) return rejected('not encrypted under our APIv3 key');
  return readEvent({ id, type, content: readJson(opened), appId });
}

type Opened = { id: string; type: string; content: unknown; appId: string };

function readEvent({ id, type, content, appId }: Opened): ParsedNotification {
  switch (type) {
    case 'TRANSACTION.SUCCESS':
      return readPaymentNews(id, content);
    case 'REFUND.SUCCESS':
    case 'REFUND.ABNORMAL':
    case 'REFUND.CLOSED':
      return readRefundNews(id, content, appId);
    default:
      // Other products send to the same URL; their messages are not about payments or refunds.
      return { kind: 'verified', events: [] };
  }
}

function readPaymentNews(notificationId: string, content: unknown): ParsedNotification {
  const transaction = transactionSchema.safeParse(content);
  if (!transaction.success) return rejected('the transaction does not have the documented format');
  const report = reportOfTransaction(transaction.data);
  if (!report) return rejected('paid, but without an amount or transaction');
  const { appid, mchid, out_trade_no: outTradeNo, transaction_id } = transaction.data;
  const binding = {
    appId: appid,
    sellerId: mchid,
    outTradeNo,
    ...(transaction_id && { providerTradeNo: transaction_id }),
  };
  return verified({ notificationId, binding, news: { kind: 'payment', report } });
}

/** Refund notifications name only the merchant, which is checked against ours, and no application. */
function readRefundNews(
  notificationId: string,
  content: unknown,
  appId: string,
): ParsedNotification {
  const refund = refundNewsSchema.safeParse(content);
  if (!refund.success) return rejected('the refund does not have the documented format');
  const { mchid, out_trade_no: outTradeNo, transaction_id } = refund.data;
  const { out_refund_no: refundNo, refund_id: providerRefundNo } = refund.data;
  const binding = {
    appId,
    sellerId: mchid,
    outTradeNo,
    ...(transaction_id && { providerTradeNo: transaction_id }),
  };
  return verified({
    notificationId,
    binding,
    news: { kind: 'refund', refundNo, providerRefundNo },
  });
}

/** WeChat expects an empty 2xx, or a code and a message; anything but 2xx is redelivered. */
export function acknowledgeNotification(
  answer: 'accepted' | 'rejected' | 'retryLater',
): NotificationAck {
  switch (answer) {
    case 'accepted':
      return { status: 204, body: '', contentType: 'application/json' };
    case 'rejected':
      return failed(401, 'not verified');
    case 'retryLater':
      return failed(500, 'try again later');
  }
}

function failed(status: 401 | 500, message: string): NotificationAck {
  return {
    status,
    body: JSON.stringify({ code: 'FAIL', message }),
    contentType: 'application/json',
  };
}

function verified(event: ProviderEvent): ParsedNotification {
  return { kind: 'verified', events: [event] };
}

function rejected(reason: string): ParsedNotification {
  return { kind: 'rejected', reason };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
