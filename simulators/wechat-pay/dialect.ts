import { randomBytes, randomUUID } from 'node:crypto';
import type { Book, NotificationDraft } from '../kit/book.ts';
import type { Dialect, PlatformEvent } from '../kit/platform.ts';
import { findMerchant } from './account.ts';
import type { Merchant } from './account.ts';
import { dayOf, rfc3339 } from './clock.ts';
import { describeRefundNews, describeTransaction } from './describe.ts';

/** A notification's content before encryption and signing. */
export type NewsPayload = {
  createTime: string;
  summary: string;
  originalType: 'transaction' | 'refund';
  content: Record<string, unknown>;
};

export function createDialect(book: Book): Dialect {
  return {
    newTradeNo: (atMs) => `42000${digits(5)}${dayOf(atMs)}${digits(10)}`,
    newRefundNo: (atMs) => `MP${dayOf(atMs)}${digits(12)}`,
    newProviderRefundNo: newRefundId,
    // https://pay.weixin.qq.com/doc/v3/merchant/4012791877: `time_expire` is not when an order is closed.
    staysOpenAfterExpiry: true,
    // ABNORMAL follows PROCESSING; a succeeded refund stays succeeded.
    canBounceSettled: false,
    notificationsOf(platformEvent) {
      const merchant = findMerchant(book, platformEvent.payment.account);
      return merchant ? notificationsTo(platformEvent, merchant) : [];
    },
  };
}

export function newRefundId(atMs: number): string {
  return `5030${digits(6)}${dayOf(atMs)}${digits(10)}`;
}

/** Notifies payments and decided refunds, but no close. */
function notificationsTo(platformEvent: PlatformEvent, merchant: Merchant): NotificationDraft[] {
  const { payment } = platformEvent;
  switch (platformEvent.type) {
    case 'paid':
      return draft('TRANSACTION.SUCCESS', payment.notifyUrl, {
        createTime: rfc3339(Date.now()),
        summary: '支付成功',
        originalType: 'transaction',
        content: describeTransaction(payment, merchant),
      });
    case 'refundSettled':
    case 'refundBounced':
    case 'refundClosed': {
      const { refund } = platformEvent;
      const [type, summary] = refundNotifications[platformEvent.type];
      return draft(type, refund.notifyUrl ?? payment.notifyUrl, {
        createTime: rfc3339(Date.now()),
        summary,
        originalType: 'refund',
        content: describeRefundNews(payment, refund, merchant),
      });
    }
    default:
      return [];
  }
}

const refundNotifications = {
  refundSettled: ['REFUND.SUCCESS', '退款成功'],
  refundBounced: ['REFUND.ABNORMAL', '退款异常'],
  refundClosed: ['REFUND.CLOSED', '退款关闭'],
} as const;

function draft(type: string, url: string | undefined, payload: NewsPayload): NotificationDraft[] {
  return url ? [{ id: randomUUID(), type, url, payload }] : [];
}

function digits(count: number): string {
  return randomBytes(8).readBigUInt64BE().toString().padStart(20, '0').slice(-count);
}
