import type { Payment, Refund } from '../kit/book.ts';
import type { Merchant } from './account.ts';
import { rfc3339 } from './clock.ts';

type Fields = Record<string, unknown>;

/** A transaction as in queries and notifications. https://pay.weixin.qq.com/doc/v3/merchant/4013070356 */
export function describeTransaction(payment: Payment, { mchId, appId }: Merchant): Fields {
  const state = tradeStateOf(payment);
  const isPaid = payment.paidAtMs !== undefined;
  const total = isPaid ? payment.capturedMinor : payment.amountMinor;
  const { currency } = payment;
  return {
    appid: appId,
    mchid: mchId,
    out_trade_no: payment.outTradeNo,
    trade_type: { native: 'NATIVE', jsapi: 'JSAPI', h5: 'MWEB' }[payment.method] ?? 'NATIVE',
    trade_state: state,
    trade_state_desc: stateDescriptions[state],
    ...(payment.paidAtMs !== undefined && {
      transaction_id: payment.providerTradeNo,
      bank_type: 'OTHERS',
      success_time: rfc3339(payment.paidAtMs),
      payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
    }),
    amount: isPaid
      ? { total, payer_total: total, currency, payer_currency: currency }
      : { total, currency },
  };
}

const stateDescriptions = {
  SUCCESS: '支付成功',
  REFUND: '转入退款',
  NOTPAY: '订单未支付',
  CLOSED: '订单已关闭',
} as const;

/** REFUND as soon as there is a refund, of any amount and status. */
function tradeStateOf({ status, refunds }: Payment): keyof typeof stateDescriptions {
  if (status === 'paid') return refunds.length > 0 ? 'REFUND' : 'SUCCESS';
  return status === 'closed' ? 'CLOSED' : 'NOTPAY';
}

const refundStatuses = {
  pending: 'PROCESSING',
  succeeded: 'SUCCESS',
  bounced: 'ABNORMAL',
  closed: 'CLOSED',
} as const;

/** A refund as in the responses to its creation and its query. */
export function describeRefund(payment: Payment, refund: Refund): Fields {
  const { settledAtMs, amountMinor } = refund;
  return {
    refund_id: refund.providerRefundNo,
    out_refund_no: refund.refundNo,
    transaction_id: payment.providerTradeNo,
    out_trade_no: payment.outTradeNo,
    channel: 'ORIGINAL',
    user_received_account: '支付用户零钱',
    create_time: rfc3339(refund.atMs),
    ...(settledAtMs !== undefined && { success_time: rfc3339(settledAtMs) }),
    status: refundStatuses[refund.status],
    funds_account: 'AVAILABLE',
    amount: {
      total: payment.capturedMinor,
      refund: amountMinor,
      payer_total: payment.capturedMinor,
      payer_refund: amountMinor,
      settlement_refund: amountMinor,
      settlement_total: payment.capturedMinor,
      discount_refund: 0,
      currency: payment.currency,
    },
  };
}

/** The refund as in a notification: without the application, and with the status under another name. */
export function describeRefundNews(payment: Payment, refund: Refund, { mchId }: Merchant): Fields {
  const { settledAtMs, amountMinor } = refund;
  return {
    mchid: mchId,
    transaction_id: payment.providerTradeNo,
    out_trade_no: payment.outTradeNo,
    refund_id: refund.providerRefundNo,
    out_refund_no: refund.refundNo,
    refund_status: refundStatuses[refund.status],
    ...(settledAtMs !== undefined && { success_time: rfc3339(settledAtMs) }),
    user_received_account: '支付用户零钱',
    amount: {
      total: payment.capturedMinor,
      refund: amountMinor,
      payer_total: payment.capturedMinor,
      payer_refund: amountMinor,
    },
  };
}
