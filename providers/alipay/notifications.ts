import { verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { ProviderNews } from '../../domain/payment.ts';
import type { NotificationAck, ParsedNotification } from '../provider.ts';
import { reportOfTrade } from './status.ts';

/**
 * Parses an asynchronous notification: form fields, signed over the decoded values sorted by name, without `sign`,
 * `sign_type` and empty ones. Never throws: an unreadable notification is rejected.
 * https://opendocs.alipay.com/open/194/103296
 */
export function readNotification(rawBody: string, alipayKey: KeyObject): ParsedNotification {
  const fields = readForm(rawBody);
  if (!fields) return rejected('a field is duplicated');
  // Checked before the signature, so that the sender cannot choose SHA-1.
  if (fields.get('sign_type') !== 'RSA2') return rejected('sign_type is not RSA2');
  const charset = fields.get('charset');
  if (charset && charset.toLowerCase() !== 'utf-8') return rejected('charset is not utf-8');
  if (!isSignedBy(fields, alipayKey)) return rejected('wrong signature');
  return readVerified(fields);
}

/** Alipay expects the text `success`; anything else is redelivered. */
export function acknowledgeNotification(
  answer: 'accepted' | 'rejected' | 'retryLater',
): NotificationAck {
  if (answer === 'accepted') return { status: 200, body: 'success', contentType: 'text/plain' };
  return { status: answer === 'rejected' ? 400 : 500, body: 'fail', contentType: 'text/plain' };
}

function readForm(rawBody: string): Map<string, string> | undefined {
  const pairs = [...new URLSearchParams(rawBody)];
  const fields = new Map(pairs);
  return fields.size === pairs.length ? fields : undefined;
}

function isSignedBy(fields: ReadonlyMap<string, string>, alipayKey: KeyObject): boolean {
  const sign = fields.get('sign') ?? '';
  const signature = Buffer.from(sign, 'base64');
  if (signature.toString('base64') !== sign) return false;
  const signed = [...fields].filter(
    ([name, value]) => name !== 'sign' && name !== 'sign_type' && value !== '',
  );
  if (signed.some(([name, value]) => /[=&]/.test(name) || hidesField(value))) return false;
  const text = signed
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return verify('RSA-SHA256', Buffer.from(text), alipayKey, signature);
}

// https://opendocs.alipay.com/open/194/103296 and the additional fields of a refund.
const fieldNames = new Set(
  `app_id auth_app_id body buyer_id buyer_logon_id buyer_open_id buyer_pay_amount charset fund_bill_list gmt_close
  gmt_create gmt_payment gmt_refund invoice_amount notify_id notify_time notify_type out_biz_no out_trade_no
  passback_params point_amount receipt_amount refund_fee refund_status seller_email seller_id send_back_fee
  send_pay_date sign sign_type subject total_amount trade_no trade_status version voucher_detail_list`.split(
    /\s+/,
  ),
);

/**
 * Alipay signs unescaped text, so one of its field names inside another's value makes the text ambiguous. Any other
 * `&name=` is user text, as in a voucher's name.
 */
function hidesField(value: string): boolean {
  return value
    .split('&')
    .slice(1)
    .some((part) => part.includes('=') && fieldNames.has(part.slice(0, part.indexOf('='))));
}

function readVerified(fields: ReadonlyMap<string, string>): ParsedNotification {
  // Alipay sends other kinds of message to the same URL; they are not about a trade.
  if (fields.get('notify_type') !== 'trade_status_sync') return { kind: 'verified', events: [] };
  const notificationId = fields.get('notify_id');
  const appId = fields.get('app_id');
  const sellerId = fields.get('seller_id');
  const outTradeNo = fields.get('out_trade_no');
  if (!notificationId || !appId || !sellerId || !outTradeNo)
    return rejected('a required field is missing');
  const news = readNews(fields);
  if (!news) return rejected('paid, but without a readable amount or trade number');
  const binding = { appId, sellerId, outTradeNo };
  return { kind: 'verified', events: [{ notificationId, binding, news }] };
}

function readNews(fields: ReadonlyMap<string, string>): ProviderNews | undefined {
  if (isAboutRefund(fields)) {
    const refundNo = fields.get('out_biz_no');
    // Without the refund's number, only the trade is known to have changed.
    return refundNo ? { kind: 'refund', refundNo, providerRefundNo: refundNo } : { kind: 'hint' };
  }
  const report = reportOfTrade({
    tradeStatus: fields.get('trade_status') ?? '',
    tradeNo: fields.get('trade_no'),
    totalAmount: fields.get('total_amount'),
    paidAt: fields.get('gmt_payment'),
    moved: ['buyer_pay_amount', 'receipt_amount', 'refund_fee'].map((name) => fields.get(name)),
  });
  return report && { kind: 'payment', report };
}

/** A partial refund sends TRADE_SUCCESS again, a full one TRADE_CLOSED: neither is news of the payment. */
function isAboutRefund(fields: ReadonlyMap<string, string>): boolean {
  const hasRefundFee = /[1-9]/.test(fields.get('refund_fee') ?? '');
  return hasRefundFee || Boolean(fields.get('gmt_refund')) || Boolean(fields.get('out_biz_no'));
}

function rejected(reason: string): ParsedNotification {
  return { kind: 'rejected', reason };
}
