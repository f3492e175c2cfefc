import { fromDecimal, toDecimal } from '../../domain/money.ts';
import type { RefundReport } from '../../domain/refund.ts';
import type { RefundInput, RefundRef, RefundResult } from '../provider.ts';
import { assertAbout, textOf } from './api.ts';
import type { Answer, Api } from './api.ts';
import { queryCodes, refundCodes } from './codes.ts';
import { bareSubCode, faultOfAnswer, isSuccess, refusalOf, unreadable } from './errors.ts';
import { alipayCurrency } from './status.ts';
import { plainText } from './text.ts';
import { fromAlipayTime } from './time.ts';

/** Idempotent by number and amount. https://opendocs.alipay.com/open/4b7cc5db_alipay.trade.refund */
export async function refund(api: Api, input: RefundInput): Promise<RefundResult> {
  const { payment, refundNo, refundMinor, reason } = input;
  const answer = await api.call('alipay.trade.refund', {
    out_trade_no: payment.outTradeNo,
    refund_amount: toDecimal(refundMinor, alipayCurrency.exponent),
    out_request_no: refundNo,
    ...(reason && { refund_reason: plainText(reason, { maxCharacters: 256 }) }),
  });
  if (!isSuccess(answer)) return refusalOf(answer, refundCodes);
  assertAbout(answer, { out_trade_no: payment.outTradeNo });
  // A successful call does not mean a refund; only a change of funds does.
  if (textOf(answer, 'fund_change') === 'Y') {
    // `refund_fee` is the total of the trade's refunds; this one executed the requested amount.
    return { kind: 'reported', report: succeeded(refundMinor, refundNo, answer) };
  }
  const { report } = await queryRefund(api, { ...input, providerRefundNo: null });
  // The refund was accepted, so it exists but is not visible yet.
  return { kind: 'reported', report: report.status === 'absent' ? { status: 'pending' } : report };
}

/** https://opendocs.alipay.com/open/8c776df6_alipay.trade.fastpay.refund.query */
export async function queryRefund(
  api: Api,
  { payment, refundNo }: RefundRef,
): Promise<{ kind: 'reported'; report: RefundReport }> {
  const answer = await api.call('alipay.trade.fastpay.refund.query', {
    out_trade_no: payment.outTradeNo,
    out_request_no: refundNo,
    query_options: ['gmt_refund_pay'],
  });
  if (isSuccess(answer)) {
    return { kind: 'reported', report: reportOfRefund(answer, { payment, refundNo }) };
  }
  if (bareSubCode(answer) === 'TRADE_NOT_EXIST') {
    return { kind: 'reported', report: { status: 'absent' } };
  }
  throw faultOfAnswer(answer, queryCodes);
}

function reportOfRefund(
  answer: Answer,
  { payment, refundNo }: Pick<RefundRef, 'payment' | 'refundNo'>,
): RefundReport {
  const refundStatus = textOf(answer, 'refund_status');
  // Documented: Alipay has no such refund, or did not execute it.
  if (!refundStatus) return { status: 'absent' };
  if (refundStatus !== 'REFUND_SUCCESS') {
    return { status: 'unknown', providerStatus: refundStatus };
  }
  assertAbout(answer, { out_trade_no: payment.outTradeNo, out_request_no: refundNo });
  const refundAmount = textOf(answer, 'refund_amount') ?? '';
  const refundedMinor = fromDecimal(refundAmount, alipayCurrency.exponent);
  if (refundedMinor === undefined) throw unreadable('the answer has no refunded amount');
  return succeeded(refundedMinor, refundNo, answer);
}

/** Alipay has no refund number of its own; ours is the only one. */
function succeeded(refundedMinor: number, refundNo: string, answer: Answer): RefundReport {
  const refundedAt = fromAlipayTime(textOf(answer, 'gmt_refund_pay') ?? '');
  return {
    status: 'succeeded',
    refundedMinor,
    currency: alipayCurrency.code,
    providerRefundNo: refundNo,
    ...(refundedAt && { refundedAt }),
  };
}
