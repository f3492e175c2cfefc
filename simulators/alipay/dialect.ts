import { randomBytes } from 'node:crypto';
import type { Book, NotificationDraft, Payment, Refund } from '../kit/book.ts';
import type { Dialect, PlatformEvent } from '../kit/platform.ts';
import { findApp } from './account.ts';
import type { App } from './account.ts';
import { dayOf, wallTime } from './clock.ts';
import { yuan } from './money.ts';
import { buyer, isTrade, numbersOf, refundedMinor, tradeStatusOf } from './trades.ts';

export function createDialect(book: Book): Dialect {
  return {
    /** 28 digits: the day, `22001`, and 15 random digits. */
    newTradeNo: (atMs) => `${dayOf(atMs)}22001${digits(15)}`,
    newProviderRefundNo: (atMs) => `${dayOf(atMs)}000${digits(15)}`,
    canBounceSettled: false,
    notificationsOf(platformEvent) {
      const { payment } = platformEvent;
      const app = findApp(book, payment.account);
      const fields = app && payment.notifyUrl ? fieldsOf(platformEvent, app) : undefined;
      return fields && payment.notifyUrl ? [draft(payment.notifyUrl, fields)] : [];
    },
  };
}

type Fields = Record<string, string>;

/**
 * Code and page payments notify TRADE_SUCCESS, and a close only if the application enabled it. A refund notifies the
 * trade's status again, with the refunded amount. https://opendocs.alipay.com/open/194/103296
 */
function fieldsOf(platformEvent: PlatformEvent, app: App): Fields | undefined {
  const { payment } = platformEvent;
  switch (platformEvent.type) {
    case 'paid':
      return describe(payment, app);
    case 'closed':
      return app.hasCloseNotifications && isTrade(payment)
        ? { ...describe(payment, app), gmt_close: wallTime(payment.closedAtMs ?? Date.now()) }
        : undefined;
    case 'refundSettled':
      return { ...describe(payment, app), ...describeRefund(payment, platformEvent.refund) };
    default:
      return undefined;
  }
}

function describe(payment: Payment, { appId, sellerId }: App): Fields {
  const { amountMinor, capturedMinor, paidAtMs } = payment;
  const amount = yuan(paidAtMs === undefined ? amountMinor : capturedMinor);
  const { out_trade_no, trade_no } = numbersOf(payment);
  return {
    notify_type: 'trade_status_sync',
    app_id: appId,
    auth_app_id: appId,
    charset: 'utf-8',
    version: '1.0',
    sign_type: 'RSA2',
    trade_no: trade_no ?? '',
    out_trade_no,
    buyer_id: buyer.id,
    buyer_logon_id: buyer.logonId,
    seller_id: sellerId,
    trade_status: tradeStatusOf(payment),
    total_amount: amount,
    subject: payment.subject,
    body: '',
    gmt_create: wallTime(payment.openedAtMs),
    ...(paidAtMs !== undefined && {
      receipt_amount: amount,
      buyer_pay_amount: amount,
      invoice_amount: amount,
      point_amount: '0.00',
      gmt_payment: wallTime(paidAtMs),
      fund_bill_list: JSON.stringify([{ amount, fundChannel: 'ALIPAYACCOUNT' }]),
    }),
  };
}

function describeRefund(payment: Payment, refund: Refund): Fields {
  const settledAtMs = refund.settledAtMs ?? Date.now();
  return {
    out_biz_no: refund.refundNo,
    // The sum of all refunds so far.
    refund_fee: yuan(refundedMinor(payment)),
    gmt_refund: `${wallTime(settledAtMs)}.${String(settledAtMs % 1000).padStart(3, '0')}`,
  };
}

function draft(url: string, fields: Fields): NotificationDraft {
  const id = `${dayOf(Date.now())}00222${randomBytes(12).toString('hex')}`;
  return { id, type: fields['trade_status'] ?? '', url, payload: fields };
}

function digits(count: number): string {
  return randomBytes(8).readBigUInt64BE().toString().padStart(20, '0').slice(-count);
}
