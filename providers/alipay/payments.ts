import { ProviderFault } from '../faults.ts';
import type { ClosePaymentResult, PaymentRef, QueryPaymentResult } from '../provider.ts';
import { assertAbout, requireText, textOf } from './api.ts';
import type { Answer, Api } from './api.ts';
import { closeCodes, queryCodes } from './codes.ts';
import { bareSubCode, faultOfAnswer, isSuccess, unreadable } from './errors.ts';
import { reportOfTrade } from './status.ts';

/** https://opendocs.alipay.com/open/82ea786a_alipay.trade.query */
export async function queryPayment(
  api: Api,
  { outTradeNo }: PaymentRef,
): Promise<QueryPaymentResult> {
  const answer = await api.call('alipay.trade.query', { out_trade_no: outTradeNo });
  if (!isSuccess(answer)) {
    // The code has not been scanned or opened, or Alipay does not know the trade at all.
    if (bareSubCode(answer) === 'TRADE_NOT_EXIST')
      return { kind: 'reported', report: { status: 'absent' } };
    throw faultOfAnswer(answer, queryCodes);
  }
  assertAbout(answer, { out_trade_no: outTradeNo });
  const report = reportOfTrade({
    tradeStatus: requireText(answer, 'trade_status'),
    tradeNo: textOf(answer, 'trade_no'),
    totalAmount: textOf(answer, 'total_amount'),
    paidAt: textOf(answer, 'send_pay_date'),
    moved: ['buyer_pay_amount', 'receipt_amount', 'refund_fee'].map((name) => textOf(answer, name)),
  });
  if (!report) throw unreadable('the answer reports a payment without its amount or trade number');
  return { kind: 'reported', report };
}

/** https://opendocs.alipay.com/open/ce0b4954_alipay.trade.close */
export async function closePayment(
  api: Api,
  { outTradeNo }: PaymentRef,
): Promise<ClosePaymentResult> {
  const answer = await api.call('alipay.trade.close', { out_trade_no: outTradeNo });
  if (!isSuccess(answer)) return resultOfRefused(answer);
  assertOptionalNumber(answer, outTradeNo);
  return { kind: 'closed' };
}

/**
 * Closes an unpaid trade and refunds a paid one: for unknown outcomes only.
 * https://opendocs.alipay.com/open/13399511_alipay.trade.cancel
 */
export async function reversePayment(
  api: Api,
  { outTradeNo }: PaymentRef,
): Promise<ClosePaymentResult> {
  const answer = await api.call('alipay.trade.cancel', { out_trade_no: outTradeNo });
  if (!isSuccess(answer)) return resultOfRefused(answer);
  assertOptionalNumber(answer, outTradeNo);
  if (textOf(answer, 'retry_flag') === 'Y') {
    throw new ProviderFault(
      'unknownOutcome',
      'RETRY_FLAG',
      'Alipay asks to repeat the cancellation',
    );
  }
  // The trade was paid and is being refunded; the query reports its state. Without an action there was nothing to close
  // or refund.
  return { kind: textOf(answer, 'action') === 'refund' ? 'paid' : 'closed' };
}

/** The trade's state by the code of a refused close or cancel. */
function resultOfRefused(answer: Answer): ClosePaymentResult {
  switch (bareSubCode(answer)) {
    case 'TRADE_HAS_CLOSE':
      return { kind: 'closed' };
    case 'TRADE_NOT_EXIST':
      return { kind: 'absent' };
    case 'TRADE_HAS_SUCCESS':
    case 'TRADE_HAS_FINISHED':
    case 'TRADE_STATUS_ERROR':
    case 'REASON_TRADE_STATUS_INVALID':
    // Only a cancel that has to refund can find too little or frozen balance, or be too late.
    case 'SELLER_BALANCE_NOT_ENOUGH':
    case 'REASON_TRADE_BEEN_FREEZEN':
    case 'TRADE_CANCEL_TIME_OUT':
      return { kind: 'paid' };
    default:
      throw faultOfAnswer(answer, closeCodes);
  }
}

/** Alipay documents our number as optional in these answers only. */
function assertOptionalNumber(answer: Answer, outTradeNo: string): void {
  if (answer['out_trade_no'] !== undefined) assertAbout(answer, { out_trade_no: outTradeNo });
}
