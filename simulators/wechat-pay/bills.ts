import { createHash, randomBytes } from 'node:crypto';
import type { Book, Payment, Refund } from '../kit/book.ts';
import { tradeMovementsOf } from '../kit/movements.ts';
import type { TradeMovement } from '../kit/movements.ts';
import type { Merchant } from './account.ts';
import { failure, success } from './answers.ts';
import type { Answer } from './answers.ts';
import { startOfDay, wallTime } from './clock.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Created from 9:00 of the next day, available by 10:00. */
const creatingFromMs = dayMs + 9 * hourMs;
const readyFromMs = dayMs + 10 * hourMs;
const feePermille = 6;

export type BillService = {
  createDownload(merchant: Merchant, query: { date: string; type: string }): Answer;
  /** The bill of a download URL, for its own merchant. */
  download(merchant: Merchant, token: string): string | undefined;
};

export type BillOptions = {
  book: Book;
  publicUrl: () => string;
  hasSameDayStatements: boolean;
};

export function createBillService({
  book,
  publicUrl,
  hasSameDayStatements,
}: BillOptions): BillService {
  const downloads = new Map<string, { mchId: string; csv: string }>();
  return {
    createDownload(merchant, { date, type }) {
      const fromMs = startOfDay(date);
      if (fromMs === undefined || type !== 'ALL') return failure('PARAM_ERROR');
      const sinceMs = Date.now() - fromMs;
      if (!hasSameDayStatements && sinceMs < creatingFromMs) return failure('NO_STATEMENT_EXIST');
      if (!hasSameDayStatements && sinceMs < readyFromMs) return failure('STATEMENT_CREATING');
      const { mchId } = merchant;
      // A refund is in the bill of the day on which it was accepted.
      const movements = tradeMovementsOf(book, {
        account: mchId,
        fromMs,
        untilMs: fromMs + dayMs,
        refundsAt: 'acceptance',
      });
      if (movements.length === 0) return failure('NO_STATEMENT_EXIST');
      const csv = writeBill(movements, merchant);
      const token = randomBytes(24).toString('base64url');
      downloads.set(token, { mchId, csv });
      return success({
        hash_type: 'SHA1',
        hash_value: createHash('sha1').update(csv).digest('hex'),
        download_url: `${publicUrl()}/v3/billdownload/file?token=${token}`,
      });
    },
    download({ mchId }, token) {
      const bill = downloads.get(token);
      if (bill?.mchId !== mchId) return undefined;
      // A URL can be used once.
      downloads.delete(token);
      return bill.csv;
    },
  };
}

const heading =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const totalsHeading =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

/** https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html */
function writeBill(movements: readonly TradeMovement[], merchant: Merchant): string {
  const lines = movements.map((movement) => line(cellsOf(movement, merchant)));
  let paidFen = 0;
  let refundedFen = 0;
  for (const movement of movements) {
    if (movement.kind === 'payment') paidFen += movement.payment.capturedMinor;
    else refundedFen += movement.refund.amountMinor;
  }
  const totals = [
    String(movements.length),
    yuan(paidFen),
    yuan(refundedFen),
    '0.00',
    fee(paidFen - refundedFen),
    yuan(paidFen),
    yuan(refundedFen),
  ];
  return `${[heading, ...lines, totalsHeading, line(totals)].join('\r\n')}\r\n`;
}

function line(cells: readonly string[]): string {
  return cells.map((cell) => `\`${cell}`).join(',');
}

function cellsOf(movement: TradeMovement, { appId, mchId }: Merchant): string[] {
  const { payment, atMs } = movement;
  const isRefund = movement.kind === 'refund';
  const state = isRefund ? 'REFUND' : 'SUCCESS';
  const who = [wallTime(atMs), appId, mchId, '0', '', payment.providerTradeNo ?? ''];
  const how = [payment.outTradeNo, 'oUpF8uMuAJO', payment.method.toUpperCase(), state, 'OTHERS'];
  const amounts = isRefund ? refundCells(movement.refund) : paymentCells(payment);
  return [...who, ...how, payment.currency, ...amounts(payment.subject)];
}

/** The cells from the settled amount on; the subject is in between. */
function paymentCells({ capturedMinor }: Payment) {
  return (subject: string): string[] => [
    ...[yuan(capturedMinor), '0.00', '0', '0', '0.00', '0.00', '', ''],
    ...[subject, '', fee(capturedMinor), '0.60%', yuan(capturedMinor), '0.00', ''],
  ];
}

function refundCells({ amountMinor, providerRefundNo, refundNo, status }: Refund) {
  return (subject: string): string[] => [
    ...['0.00', '0.00', providerRefundNo, refundNo, yuan(amountMinor), '0.00', 'ORIGINAL'],
    refundStatuses[status],
    ...[subject, '', fee(-amountMinor), '0.60%', '0.00', yuan(amountMinor), ''],
  ];
}

const refundStatuses = {
  pending: 'PROCESSING',
  succeeded: 'SUCCESS',
  bounced: 'CHANGE',
  closed: 'FAIL',
} as const;

function yuan(fen: number): string {
  return (fen / 100).toFixed(2);
}

/** Rounded to the fen, written with five places. */
function fee(fen: number): string {
  return (Math.round((fen * feePermille) / 1000) / 100).toFixed(5).replace(/^-(0\.0+)$/, '$1');
}
