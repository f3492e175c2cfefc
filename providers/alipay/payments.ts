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
    // Not scanned or not opened yet, as well as never heard of.
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
  if (!report) throw unreadable('the answer says paid, but not how much or by which trade');
  return { kind: 'reported', report };
}

/** https://opendocs.alipay.com/open/ce0b4954_alipay.trade.close */
export async function closePayment(
  api: Api,
  { outTradeNo }: PaymentRef,
): Promise<ClosePaymentResult> {
  const answer = await api.call('alipay.trade.close', { out_trade_no: outTradeNo });
  if (!isSuccess(answer)) return endOfRefused(answer);
  assertNotAboutAnother(answer, outTradeNo);
  return { kind: 'closed' };
}

/**
 * Closes an unpaid trade and gives a paid one back: for unknown outcomes only.
 * https://opendocs.alipay.com/open/13399511_alipay.trade.cancel
 */
export async function reversePayment(
  api: Api,
  { outTradeNo }: PaymentRef,
): Promise<ClosePaymentResult> {
  const answer = await api.call('alipay.trade.cancel', { out_trade_no: outTradeNo });
  if (!isSuccess(answer)) return endOfRefused(answer);
  assertNotAboutAnother(answer, outTradeNo);
  if (textOf(answer, 'retry_flag') === 'Y') {
    throw new ProviderFault('unknownOutcome', 'RETRY_FLAG', 'Alipay: cancel it once more');
  }
  // It was paid, and is being given back: the query tells what became of it. Without an action there
  // was nothing to close or to give back.
  return { kind: textOf(answer, 'action') === 'refund' ? 'paid' : 'closed' };
}

/** What a close or a cancel that was refused says about the trade. */
function endOfRefused(answer: Answer): ClosePaymentResult {
  switch (bareSubCode(answer)) {
    case 'TRADE_HAS_CLOSE':
      return { kind: 'closed' };
    case 'TRADE_NOT_EXIST':
      return { kind: 'absent' };
    case 'TRADE_HAS_SUCCESS':
    case 'TRADE_HAS_FINISHED':
    case 'TRADE_STATUS_ERROR':
    case 'REASON_TRADE_STATUS_INVALID':
    // Only a cancel that has to give money back can find too little of it, find it frozen, or come too late.
    case 'SELLER_BALANCE_NOT_ENOUGH':
    case 'REASON_TRADE_BEEN_FREEZEN':
    case 'TRADE_CANCEL_TIME_OUT':
      return { kind: 'paid' };
    default:
      throw faultOfAnswer(answer, closeCodes);
  }
}

/** The only answers in which their documentation makes our number optional. */
function assertNotAboutAnother(answer: Answer, outTradeNo: string): void {
  if (answer['out_trade_no'] !== undefined) assertAbout(answer, { out_trade_no: outTradeNo });
}
