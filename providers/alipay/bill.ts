import { fromDecimal } from '../../domain/money.ts';
import type { StatementEntry, UnreadableLine } from '../provider.ts';
import { joinBroken, readCells, unreadableLine } from '../statement-rows.ts';
import type { CellRule } from '../statement-rows.ts';
import { alipayCurrency } from './status.ts';
import { fromAlipayTime } from './time.ts';

/** A row's cells by column name; null if the value is not certain. */
type Row = ReadonlyMap<string, string | null>;

const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const yuan = /^-?\d{1,13}\.\d{1,2}$/;
/** Columns that only Alipay and the merchant fill. All others hold free text of payers, merchants and shops. */
const rules: Readonly<Record<string, CellRule>> = {
  支付宝交易号: /^\d{16,64}$/,
  商户订单号: /^.{1,64}$/,
  业务类型: /^\p{Script=Han}{1,12}$/u,
  创建时间: time,
  完成时间: time,
  '订单金额（元）': yuan,
  '商家实收（元）': yuan,
  '支付宝红包（元）': yuan,
  '集分宝（元）': yuan,
  '支付宝优惠（元）': yuan,
  '商家优惠（元）': yuan,
  '券核销金额（元）': yuan,
  '商家红包消费金额（元）': yuan,
  '卡消费金额（元）': yuan,
  '退款批次号/请求号': /^.{0,64}$/,
  '服务费（元）': yuan,
  '分润（元）': yuan,
};
const needed = ['支付宝交易号', '商户订单号', '业务类型', '完成时间', '订单金额（元）'];

/**
 * Parses the business details of a bill: comments that name the seller and the period, a heading, a line for each
 * payment and refund, and comments with totals. Nothing is escaped, amounts are yuan. Undefined if the bill as a whole
 * deviates from this; a single unreadable line is reported.
 * https://opendocs.alipay.com/open/3c9f1bcf_alipay.data.dataservice.bill.downloadurl.query
 */
export function parseBill(
  text: string,
  { date, sellerId }: { date: string; sellerId: string },
): StatementEntry[] | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const comments = lines.filter((line) => line.startsWith('#'));
  const [heading, ...rest] = lines.filter((line) => !line.startsWith('#'));
  const rows = joinBroken(rest, /^(?:\s*,|\d{16,64}\s*,)/);
  // A signed answer may be a replayed old one and lead to another day's bill.
  if (!isOf(comments, { date, sellerId }) || heading === undefined) return undefined;
  const columns = cellsOf(heading).map((name) => ({ name, rule: rules[name] ?? 'free' }));
  if (!needed.every((name) => columns.some((column) => column.name === name))) return undefined;
  const entries = rows.map((line): StatementEntry => {
    const cells = cellsOf(line);
    const row = readCells(cells, columns);
    const entry = row && readEntry(row);
    return entry ?? unreadableEntry(line, { cells, columns, isAmbiguous: row !== undefined });
  });
  const others = rows.filter((line) => isOfOtherKind(line, columns)).length;
  return isWhole(comments, entries, others) ? entries : undefined;
}

/** Checks the totals: a truncated or extended bill must not look like missing or additional payments. */
function isWhole(
  comments: readonly string[],
  entries: readonly StatementEntry[],
  others: number,
): boolean {
  const read = (kind: StatementEntry['kind']) =>
    entries.filter((entry) => entry.kind === kind).length;
  const payments = (countIn(comments, '交易') ?? Number.NaN) - read('payment');
  const refunds = (countIn(comments, '退款') ?? Number.NaN) - read('refund');
  // The totals do not count lines of other kinds; those that were read are not among the unreadable ones.
  const unreadable = read('unreadable') - (others - read('other'));
  return payments >= 0 && refunds >= 0 && payments + refunds === unreadable;
}

function isOfOtherKind(line: string, columns: readonly { name: string }[]): boolean {
  const kind = cellsOf(line)[columns.findIndex(({ name }) => name === '业务类型')] ?? '';
  return /^\p{Script=Han}{1,12}$/u.test(kind) && kind !== '交易' && kind !== '退款';
}

/** The bill's own numbers come first, before any free text. */
function unreadableEntry(
  line: string,
  about: {
    cells: readonly string[];
    columns: readonly { name: string }[];
    isAmbiguous: boolean;
  },
): UnreadableLine {
  const { cells, columns, isAmbiguous } = about;
  const at = columns.findIndex(({ name }) => name === '商户订单号');
  const reason = isAmbiguous
    ? 'a free text looks like the neighbouring columns, so its amounts are uncertain'
    : 'its columns do not match the heading';
  return unreadableLine(line, reason, at <= 1 ? (cells[at] ?? null) : null);
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

function cellsOf(line: string): string[] {
  return line.split(',').map((cell) => cell.trim());
}

/** Undefined if a required cell is not certain. */
function readEntry(row: Row): StatementEntry | undefined {
  const cell = (name: string) => row.get(name) ?? null;
  const outTradeNo = cell('商户订单号');
  const providerTradeNo = cell('支付宝交易号');
  const category = cell('业务类型');
  const at = fromAlipayTime(cell('完成时间') ?? '');
  const amountMinor = fenOf(cell('订单金额（元）') ?? '');
  if (!outTradeNo || !providerTradeNo || !category || !at || amountMinor === undefined)
    return undefined;
  const fee = fenOf(cell('服务费（元）') ?? '');
  const common = { currency: alipayCurrency.code, at };
  const trade = { outTradeNo, providerTradeNo };
  if (category === '交易') {
    if (amountMinor < 0) return undefined;
    return { kind: 'payment', ...common, ...trade, amountMinor, feeMinor: absolute(fee) };
  }
  if (category !== '退款') {
    return { kind: 'other', ...common, amountMinor, feeMinor: null, number: outTradeNo, category };
  }
  const requestNo = cell('退款批次号/请求号');
  if (requestNo === null) return undefined;
  // A refund requested without a number has its payment's, as documented for `out_request_no`.
  const refundNo = requestNo || outTradeNo;
  return {
    kind: 'refund',
    ...common,
    ...trade,
    amountMinor: Math.abs(amountMinor),
    // The fee is refunded with the money.
    feeMinor: fee ? -Math.abs(fee) : absolute(fee),
    refundNo,
    providerRefundNo: refundNo,
  };
}

/** The bill signs a fee by its effect on the seller's balance; the kind already implies it. */
function absolute(fee: number | undefined): number | null {
  return fee === undefined ? null : Math.abs(fee);
}

/** `-12.50` becomes -1250; undefined unless it is exact fen. */
function fenOf(yuan: string): number | undefined {
  const fen = fromDecimal(yuan.replace(/^-/, ''), alipayCurrency.exponent);
  return fen && yuan.startsWith('-') ? -fen : fen;
}
