import { fromDecimal } from '../../domain/money.ts';
import type { StatementEntry } from '../provider.ts';
import { joinBroken, unreadableLine } from '../statement-rows.ts';
import { wechatPayCurrency } from './status.ts';
import { fromBillTime } from './time.ts';

/** A line's cells by column name. */
type Row = ReadonlyMap<string, string>;

/** The only columns with free text of the payer or ours; they are adjacent. */
const freeColumns = ['商品名称', '商户数据包'] as const;

/** Accepted on the day; the bill does not show the later outcome. */
const movedRefundStatuses = new Set(['SUCCESS', 'PROCESSING']);

/**
 * Parses the trade bill: a heading, a line for each payment and refund, a heading and a line of totals. Every cell
 * begins with a backtick, amounts are yuan. Undefined if the bill as a whole deviates from this; a single unreadable
 * line is reported. https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
 */
export function parseBill(
  text: string,
  { mchId }: { mchId: string },
): StatementEntry[] | undefined {
  const lines = text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split(/\r?\n/);
  const totals = lines.pop() ?? '';
  const totalsHeading = lines.pop() ?? '';
  const columns = (lines.shift() ?? '').split(',');
  if (columns[0] !== '交易时间' || !totalsHeading.startsWith('总交易单数,')) return undefined;
  // A truncated bill must not look like payments that were never made.
  const rows = joinBroken(lines, /^`/);
  if (cellsOf(totals)?.[0] !== String(rows.length)) return undefined;
  const entries: StatementEntry[] = [];
  for (const line of rows) {
    const row = readRow(line, columns);
    if (row && row.get('商户号') !== mchId) return undefined;
    const entry = row && readEntry(row);
    if (entry === 'nothingMoved') continue;
    entries.push(entry ?? unreadableEntry(line, row));
  }
  return entries;
}

function unreadableEntry(line: string, row: Row | undefined): StatementEntry {
  return row
    ? unreadableLine(line, 'a cell cannot be parsed', row.get('商户订单号'))
    : unreadableLine(line, 'its columns do not match the heading');
}

function readRow(line: string, columns: readonly string[]): Row | undefined {
  const cells = cellsOf(line);
  const freeAt = columns.indexOf(freeColumns[0]);
  if (!cells || cells.length < columns.length || freeAt < 0) return undefined;
  // Nothing is escaped: extra cells of the free text are found by counting from both ends.
  const surplus = cells.length - columns.length;
  const before = cells.slice(0, freeAt);
  const after = cells.slice(freeAt + freeColumns.length + surplus);
  const afterAt = freeAt + freeColumns.length;
  return new Map([
    ...columns.slice(0, freeAt).map((name, i) => [name, before[i] ?? ''] as const),
    ...columns.slice(afterAt).map((name, i) => [name, after[i] ?? ''] as const),
  ]);
}

function cellsOf(line: string): string[] | undefined {
  return line.startsWith('`') ? line.slice(1).split(',`') : undefined;
}

/** Undefined if a required cell cannot be parsed. */
function readEntry(row: Row): StatementEntry | 'nothingMoved' | undefined {
  const cell = (name: string) => row.get(name) ?? '';
  const at = fromBillTime(cell('交易时间'));
  const outTradeNo = cell('商户订单号');
  const providerTradeNo = cell('微信订单号');
  const feeMinor = fenOfFee(cell('手续费'));
  const currency = cell('货币种类');
  if (!at || !outTradeNo || !providerTradeNo) return undefined;
  const common = { outTradeNo, providerTradeNo, currency, feeMinor, at };
  switch (cell('交易状态')) {
    case 'SUCCESS': {
      const amountMinor = fenOf(cell('订单金额'));
      return amountMinor === undefined ? undefined : { kind: 'payment', ...common, amountMinor };
    }
    case 'REFUND': {
      if (!movedRefundStatuses.has(cell('退款状态'))) return 'nothingMoved';
      const amountMinor = fenOf(cell('申请退款金额'));
      const refundNo = cell('商户退款单号');
      const providerRefundNo = cell('微信退款单号') || null;
      if (amountMinor === undefined || !refundNo) return undefined;
      return { kind: 'refund', ...common, amountMinor, refundNo, providerRefundNo };
    }
    case 'REVOKED':
      // Reversed by the provider at once, so no money moved.
      return 'nothingMoved';
    default:
      return undefined;
  }
}

function fenOf(yuan: string): number | undefined {
  return fromDecimal(yuan, wechatPayCurrency.exponent);
}

/** Fees have five decimals and are negative for a refund; null unless exact fen. */
function fenOfFee(text: string): number | null {
  const match = /^(-?)(\d+(?:\.\d+?)?)0*$/.exec(text);
  const fen = match && fenOf(match[2] ?? '');
  if (fen === null || fen === undefined) return null;
  return match?.[1] && fen > 0 ? -fen : fen;
}
