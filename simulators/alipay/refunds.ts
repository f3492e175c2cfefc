import { findRefund } from '../kit/book.ts';
import type { Refund } from '../kit/book.ts';
import type { Platform } from '../kit/platform.ts';
import type { App } from './account.ts';
import { failure, success } from './answers.ts';
import type { Answer } from './answers.ts';
import { wallTime } from './clock.ts';
import { readFen, yuan } from './money.ts';
import { buyer, findTrade, numbersOf, refundedMinor, tradeStatusOf } from './trades.ts';
import type { BizContent } from './trades.ts';

/** Refunds a trade. Only the first request changes funds; a repeat returns `fund_change: N`. */
export function refundTrade(platform: Platform, app: App, terms: BizContent): Answer {
  const payment = findTrade(platform, app, terms);
  if (!payment) return failure('TRADE_NOT_EXIST');
  const amountMinor = readFen(terms['refund_amount']);
  const refundNo = readRefundNo(terms, payment.outTradeNo);
  if (!amountMinor || refundNo === undefined) return failure('INVALID_PARAMETER');
  const earlier = findRefund(platform.book, { account: app.appId, refundNo });
  if (!earlier && tradeStatusOf(payment) !== 'TRADE_SUCCESS') return failure('TRADE_STATUS_ERROR');
  const verdict = platform.refund(payment, {
    refundNo,
    // Alipay has no own refund number.
    providerRefundNo: refundNo,
    amountMinor,
    isExternal: false,
    terms: `${payment.outTradeNo} ${amountMinor}`,
    atMs: Date.now(),
  });
  if ('refusal' in verdict) {
    return failure(
      verdict.refusal === 'conflict' ? 'DISCORDANT_REPEAT_REQUEST' : 'REASON_TRADE_REFUND_FEE_ERR',
    );
  }
  const { refund } = verdict;
  if (refund.status === 'bounced' || refund.status === 'closed') {
    return failure('TRADE_NOT_ALLOW_REFUND');
  }
  const isSettledNow = !earlier && app.hasInstantRefunds;
  if (isSettledNow) platform.settleRefund(payment, refund);
  return success({
    ...numbersOf(payment),
    buyer_logon_id: buyer.logonId,
    fund_change: isSettledNow ? 'Y' : 'N',
    refund_fee: yuan(refundedMinor(payment)),
    ...timeOf(refund),
  });
}

/** Queries a refund. For a refund that was never executed the response is successful and empty. */
export function queryRefund(platform: Platform, app: App, terms: BizContent): Answer {
  const payment = findTrade(platform, app, terms);
  if (!payment) return failure('TRADE_NOT_EXIST');
  const refundNo = readRefundNo(terms, payment.outTradeNo);
  const refund = payment.refunds.find((refund) => refund.refundNo === refundNo);
  if (refund?.status !== 'succeeded') return success({});
  const options = terms['query_options'];
  const isTimeRequested = Array.isArray(options) && options.includes('gmt_refund_pay');
  return success({
    ...numbersOf(payment),
    out_request_no: refund.refundNo,
    refund_status: 'REFUND_SUCCESS',
    refund_amount: yuan(refund.amountMinor),
    total_amount: yuan(payment.capturedMinor),
    ...(isTimeRequested && timeOf(refund)),
  });
}

function timeOf({ settledAtMs }: Refund) {
  return settledAtMs === undefined ? {} : { gmt_refund_pay: wallTime(settledAtMs) };
}

/** The refund number; the payment's number by default. */
function readRefundNo(terms: BizContent, outTradeNo: string): string | undefined {
  const { out_request_no: refundNo = outTradeNo } = terms;
  const isReadable = typeof refundNo === 'string' && /^.{1,64}$/.test(refundNo);
  return isReadable ? refundNo : undefined;
}
