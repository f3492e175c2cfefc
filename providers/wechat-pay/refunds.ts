import type { RefundReport } from '../../domain/refund.ts';
import type { RefundInput, RefundRef, RefundResult } from '../provider.ts';
import { read } from './api.ts';
import type { Api } from './api.ts';
import { queryCodes, refundCodes } from './codes.ts';
import { bareCode, faultOfError, refusalOf, unreadable } from './errors.ts';
import { refundSchema, reportOfRefund } from './status.ts';
import { plainText } from './text.ts';

/** Idempotent by number and amount. */
export async function refund(api: Api, input: RefundInput): Promise<RefundResult> {
  const { payment, refundNo, refundMinor, capturedMinor, reason, notifyUrl } = input;
  const answer = await api.post('/v3/refund/domestic/refunds', {
    out_trade_no: payment.outTradeNo,
    out_refund_no: refundNo,
    ...(reason && { reason: plainText(reason, { maxBytes: 80 }) }),
    notify_url: notifyUrl,
    amount: { refund: refundMinor, total: capturedMinor, currency: payment.currency },
  });
  if (answer.kind === 'ok') return { kind: 'reported', report: readRefund(answer.body, input) };
  return refusalOf(answer.error, refundCodes);
}

export async function queryRefund(
  api: Api,
  ref: RefundRef,
): Promise<{ kind: 'reported'; report: RefundReport }> {
  const path = `/v3/refund/domestic/refunds/${encodeURIComponent(ref.refundNo)}`;
  const answer = await api.get(path);
  if (answer.kind === 'ok') return { kind: 'reported', report: readRefund(answer.body, ref) };
  if (bareCode(answer.error) === 'RESOURCENOTEXISTS') {
    return { kind: 'reported', report: { status: 'absent' } };
  }
  throw faultOfError(answer.error, queryCodes);
}

function readRefund(
  body: unknown,
  { refundNo, payment }: Pick<RefundRef, 'refundNo' | 'payment'>,
): RefundReport {
  const refund = read(refundSchema, body);
  const isAboutIt = refund.out_refund_no === refundNo && refund.out_trade_no === payment.outTradeNo;
  if (!isAboutIt) throw unreadable('the answer is about another refund');
  return reportOfRefund(refund);
}
