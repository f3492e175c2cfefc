import type { TradeMovement } from '../kit/movements.ts';
import { wallTime } from './clock.ts';
import { yuan } from './money.ts';
import { buyer } from './trades.ts';

export type BillDay = { sellerId: string; fromMs: number; untilMs: number };

const feePermille = 6;

const detailHeading =
  '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注';
const summaryHeading =
  '门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）';

/** `…_业务明细.csv`: one line per movement. */
export function writeDetails(movements: readonly TradeMovement[], day: BillDay): string {
  const { payments, refunds } = sumsOf(movements);
  return [
    '#支付宝业务明细查询',
    ...headerLines(day),
    '#-----------------------------------------业务明细列表----------------------------------------',
    detailHeading,
    ...movements.map((movement) => cellsOf(movement).join(',')),
    '#-----------------------------------------业务明细列表结束------------------------------------',
    `#交易合计：${payments.count}笔，商家实收共${yuan(payments.fen)}元，商家优惠共0.00元`,
    `#退款合计：${refunds.count}笔，商家实收退款共${yuan(-refunds.fen)}元，商家优惠退款共0.00元`,
    `#导出时间：[${chineseTime(Date.now())}]`,
    '',
  ].join('\r\n');
}

/** `…_业务明细(汇总).csv`: sums by shop. */
export function writeSummary(movements: readonly TradeMovement[], day: BillDay): string {
  const { payments, refunds } = sumsOf(movements);
  const net = payments.fen - refunds.fen;
  const counts = [String(payments.count), String(refunds.count)];
  const amounts = [yuan(net), yuan(net), '0.00', '0.00', '0.00', fee(net), '0.00', yuan(net)];
  return [
    '#支付宝业务汇总查询',
    ...headerLines(day),
    '#-----------------------------------------业务汇总列表----------------------------------------',
    summaryHeading,
    ['合计\t', '\t', ...counts, ...amounts].join(','),
    '#----------------------------------------业务汇总列表结束-------------------------------------',
    `#导出时间：[${chineseTime(Date.now())}]`,
    '',
  ].join('\r\n');
}

function headerLines({ sellerId, fromMs, untilMs }: BillDay): string[] {
  return [
    `#账号：[${sellerId}0156]`,
    `#起始日期：[${chineseTime(fromMs)}]   终止日期：[${chineseTime(untilMs)}]`,
  ];
}

/** Numbers end in a tab, so that a spreadsheet treats them as text. */
function cellsOf(movement: TradeMovement): string[] {
  const { payment, atMs } = movement;
  const isRefund = movement.kind === 'refund';
  const fen = isRefund ? -movement.refund.amountMinor : payment.capturedMinor;
  return [
    `${payment.providerTradeNo}\t`,
    `${payment.outTradeNo}\t`,
    isRefund ? '退款\t' : '交易\t',
    payment.subject,
    wallTime(payment.openedAtMs),
    wallTime(atMs),
    ...['\t', '\t', '\t', '\t', `${buyer.logonId}\t`],
    ...[yuan(fen), yuan(fen), '0.00', '0.00', '0.00', '0.00', '0.00', '', '0.00\t', '0.00'],
    isRefund ? `${movement.refund.refundNo}\t` : '\t',
    fee(fen),
    '0.00',
    '',
  ];
}

/** The fee as a change of the seller's balance: charged for a payment, returned for a refund. */
function fee(fen: number): string {
  const feeFen = Math.round((Math.abs(fen) * feePermille) / 1000);
  return yuan(fen < 0 ? feeFen : -feeFen);
}

function sumsOf(movements: readonly TradeMovement[]) {
  const payments = { count: 0, fen: 0 };
  const refunds = { count: 0, fen: 0 };
  for (const movement of movements) {
    const isRefund = movement.kind === 'refund';
    const sum = isRefund ? refunds : payments;
    sum.count += 1;
    sum.fen += isRefund ? movement.refund.amountMinor : movement.payment.capturedMinor;
  }
  return { payments, refunds };
}

/** `2015年09月01日 00:00:00` */
function chineseTime(timeMs: number): string {
  return wallTime(timeMs).replace(/^(\d+)-(\d+)-(\d+)/, '$1年$2月$3日');
}
