import { fromDecimal } from '../../domain/money.ts';
import type { StatementEntry, UnreadableLine } from '../provider.ts';
import { joinBroken, readCells, unreadableLine } from '../statement-rows.ts';
import type { CellRule } from '../statement-rows.ts';
import { alipayCurrency } from './status.ts';
import { fromAlipayTime } from './time.ts';

/** A row's cells by their column's name; null where it is not certain what stands there. */
type Row = ReadonlyMap<string, string | null>;

const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const yuan = /^-?\d{1,13}\.\d{1,2}$/;
/** What only Alipay and the one who asks for a payment write. All others are texts of payers, merchants and shops. */
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
 * Business details: comments that say whose they are and of when, a heading, a line for each payment
 * and refund, and comments that count them. Nothing is escaped, amounts are yuan. Undefined when the bill as a whole
 * is not so; a single line is reported. https://opendocs.alipay.com/open/3c9f1bcf_alipay.data.dataservice.bill.downloadurl.query
 */
export function parseBill(
  text: string,
  { date, sellerId }: { date: string; sellerId: string },
): StatementEntry[] | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const comments = lines.filter((line) => line.startsWith('#'));
  const [heading, ...rest] = lines.filter((line) => !line.startsWith('#'));
  const rows = joinBroken(rest, /^(?:\s*,|\d{16,64}\s*,)/);
  // A signed answer can be an old one, replayed, and lead to the bill of another day.
  if (!isOf(comments, { date, sellerId }) || heading === undefined) return undefined;
  const columns = cellsOf(heading).map((name) => ({ name, rule: rules[name] ?? 'free' }));
  if (!needed.every((name) => columns.some((column) => column.name === name))) return undefined;
  const entries = rows.map((line): StatementEntry => {
    const cells = cellsOf(line);
    const row = readCells(cells, columns);
    const entry = row && readEntry(row);
    return entry ?? oddLine(line, { cells, columns, isAmbiguous: row !== undefined });
  });
  const others = rows.filter((line) => isOfOtherKind(line, columns)).length;
  return isWhole(comments, entries, others) ? entries : undefined;
}

/** A bill that lost or won lines must not look like payments that were never made, or made. */
function isWhole(
  comments: readonly string[],
  entries: readonly StatementEntry[],
  others: number,
): boolean {
  const read = (kind: StatementEntry['kind']) =>
    entries.filter((entry) => entry.kind === kind).length;
  const payments = (countIn(comments, '交易') ?? Number.NaN) - read('payment');
  const refunds = (countIn(comments, '退款') ?? Number.NaN) - read('refund');
  // Lines of other kinds are not counted there, and those of them that were read are none of the odd ones.
  const odd = read('unreadable') - (others - read('other'));
  return payments >= 0 && refunds >= 0 && payments + refunds === odd;
}

function isOfOtherKind(line: string, columns: readonly { name: string }[]): boolean {
  const kind = cellsOf(line)[columns.findIndex(({ name }) => name === '业务类型')] ?? '';
  return /^\p{Script=Han}{1,12}$/u.test(kind) && kind !== '交易' && kind !== '退款';
}

/** Its own numbers stand first, before any free text. */
function oddLine(
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
    ? 'a text in it looks like the columns beside it, so that its amounts are not certain'
    : 'it has not the columns of the heading';
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

/** Undefined when a cell we need is not certain. */
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
    return { kind: 'payment', ...common, ...trade, amountMinor, feeMinor: sizeOf(fee) };
  }
  if (category !== '退款') {
    return { kind: 'other', ...common, amountMinor, feeMinor: null, number: outTradeNo, category };
  }
  const asked = cell('退款批次号/请求号');
  if (asked === null) return undefined;
  // Asked for without a number, a refund has that of its payment: documented for `out_request_no`.
  const refundNo = asked || outTradeNo;
  return {
    kind: 'refund',
    ...common,
    ...trade,
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
