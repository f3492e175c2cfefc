import { fromDecimal } from '../../domain/money.ts';
import type { StatementEntry } from '../provider.ts';
import { alipayCurrency } from './status.ts';
import { fromAlipayTime } from './time.ts';

/** A line's cells by their column's name. */
type Row = ReadonlyMap<string, string>;

/** The first column that can hold any text, commas too; times follow it. */
const subjectColumn = '商品名称';
const timeColumns = ['创建时间', '完成时间'];

/**
 * Business details: comments that say whose they are and of when, a heading, a line for each payment
 * and refund, and comments that count them. Cells end in a tab, amounts are yuan. Undefined when any
 * of it is not so. https://opendocs.alipay.com/open/3c9f1bcf_alipay.data.dataservice.bill.downloadurl.query
 */
export function parseBill(
  text: string,
  { date, sellerId }: { date: string; sellerId: string },
): StatementEntry[] | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const comments = lines.filter((line) => line.startsWith('#'));
  const [heading, ...rows] = lines.filter((line) => !line.startsWith('#'));
  // A signed answer can be an old one, replayed, and lead to the bill of another day.
  if (!isOf(comments, { date, sellerId }) || heading === undefined) return undefined;
  const columns = cellsOf(heading);
  const counts = { 交易: 0, 退款: 0 };
  const entries: StatementEntry[] = [];
  for (const line of rows) {
    const row = readRow(line, columns);
    const kind = row?.get('业务类型');
    if (!row || kind === undefined) return undefined;
    // Neither a payment nor a refund: no movement of ours.
    if (kind !== '交易' && kind !== '退款') continue;
    const entry = readEntry(row, kind);
    if (!entry) return undefined;
    counts[kind] += 1;
    entries.push(entry);
  }
  // A bill that lost lines must not look like payments that were never made.
  const isWhole =
    countIn(comments, '交易') === counts['交易'] && countIn(comments, '退款') === counts['退款'];
  return isWhole ? entries : undefined;
}

/** `#账号：[20880000000000010156]` and `#起始日期：[2026年01月02日 00:00:00]   终止日期：[…]` */
function isOf(
  comments: readonly string[],
  { date, sellerId }: { date: string; sellerId: string },
): boolean {
  const [year, month, day] = date.split('-');
  return (
    comments.some((line) => line.startsWith(`#账号：[${sellerId}`)) &&
    comments.some((line) => line.startsWith(`#起始日期：[${year}年${month}月${day}日`))
  );
}

/** `#交易合计：2笔，商家实收共36.80元，商家优惠共0.00元` */
function countIn(comments: readonly string[], kind: string): number | undefined {
  const prefix = `#${kind}合计：`;
  const line = comments.find((line) => line.startsWith(prefix)) ?? '';
  const count = /^\d+(?=笔)/.exec(line.slice(prefix.length))?.[0];
  return count === undefined ? undefined : Number(count);
}

/** Nothing is escaped: a subject with commas ends where two times follow it. What is left over is of the last remark. */
function readRow(line: string, columns: readonly string[]): Row | undefined {
  const cells = cellsOf(line);
  const subjectAt = columns.indexOf(subjectColumn);
  const isTimed = timeColumns.every((name, i) => columns[subjectAt + 1 + i] === name);
  if (subjectAt < 0 || !isTimed) return undefined;
  const timesAt = cells.findIndex(
    (_cell, at) =>
      at > subjectAt && timeColumns.every((_name, i) => fromAlipayTime(cells[at + i] ?? '')),
  );
  const before = cells.slice(0, subjectAt);
  const after = cells.slice(timesAt);
  const columnsAfter = columns.slice(subjectAt + 1);
  if (timesAt < 0 || after.length < columnsAfter.length) return undefined;
  return new Map([
    ...columns.slice(0, subjectAt).map((name, i) => [name, before[i] ?? ''] as const),
    ...columnsAfter.map((name, i) => [name, after[i] ?? ''] as const),
  ]);
}

function cellsOf(line: string): string[] {
  return line.split(',').map((cell) => cell.trim());
}

/** Undefined when a cell we need cannot be read. */
function readEntry(row: Row, kind: '交易' | '退款'): StatementEntry | undefined {
  const cell = (name: string) => row.get(name) ?? '';
  const outTradeNo = cell('商户订单号');
  const providerTradeNo = cell('支付宝交易号');
  const at = fromAlipayTime(cell('完成时间'));
  const amountMinor = fenOf(cell('订单金额（元）'));
  if (!outTradeNo || !providerTradeNo || !at || amountMinor === undefined) return undefined;
  const fee = fenOf(cell('服务费（元）'));
  const common = { outTradeNo, providerTradeNo, currency: alipayCurrency.code, at };
  if (kind === '交易') {
    if (amountMinor < 0) return undefined;
    return { kind: 'payment', ...common, amountMinor, feeMinor: sizeOf(fee) };
  }
  // Asked for without a number, a refund has that of its payment: documented for `out_request_no`.
  const refundNo = cell('退款批次号/请求号') || outTradeNo;
  return {
    kind: 'refund',
    ...common,
    amountMinor: Math.abs(amountMinor),
    // Given back with the money.
    feeMinor: fee ? -Math.abs(fee) : sizeOf(fee),
    refundNo,
    providerRefundNo: refundNo,
  };
}

/** A fee is written as what it does to the seller's balance; its kind says that already. */
function sizeOf(fee: number | undefined): number | null {
  return fee === undefined ? null : Math.abs(fee);
}

/** `-12.50` becomes -1250; undefined unless it is exact fen. */
function fenOf(yuan: string): number | undefined {
  const fen = fromDecimal(yuan.replace(/^-/, ''), alipayCurrency.exponent);
  return fen && yuan.startsWith('-') ? -fen : fen;
}
