import { randomBytes } from 'node:crypto';
import { findTrade } from './book.ts';
import type { Book, BookEvent, Trade, TradeKey } from './book.ts';
import { parseWallTime, wallTime } from './clock.ts';

/** A documented business error code, without its `ACQ.`. */
export type RefusalCode =
  | 'CONTEXT_INCONSISTENT'
  | 'INVALID_PARAMETER'
  | 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR'
  | 'TOTAL_FEE_EXCEED'
  | 'TRADE_HAS_CLOSE'
  | 'TRADE_HAS_SUCCESS'
  | 'TRADE_NOT_EXIST';

export type Ruling = { events: BookEvent[] } | { refusal: RefusalCode };

/** An unscanned code lives two hours unless the order says otherwise. */
const codeLifetimeMs = 2 * 3_600_000;
const defaultBuyerId = '2088102146225135';

export type CodeOrder = TradeKey & {
  sellerId: string;
  terms: Record<string, unknown>;
  notifyUrl: string | undefined;
};

/** `alipay.trade.precreate`: the same order again gets the same code, other terms are refused. */
export function issueCode(book: Book, order: CodeOrder, nowMs: number): Ruling {
  const { appId, sellerId, outTradeNo, notifyUrl } = order;
  const terms = JSON.stringify(Object.entries(order.terms).sort(byName));
  const earlier = findTrade(book, order);
  if (earlier) {
    if (earlier.status === 'TRADE_SUCCESS') return { refusal: 'TRADE_HAS_SUCCESS' };
    if (earlier.status === 'TRADE_CLOSED') return { refusal: 'TRADE_HAS_CLOSE' };
    return earlier.terms === terms ? { events: [] } : { refusal: 'CONTEXT_INCONSISTENT' };
  }
  const { subject, time_expire: timeExpire } = order.terms;
  const totalAmount = readAmount(order.terms['total_amount']);
  const isReadable = /^[A-Za-z0-9_]{1,64}$/.test(outTradeNo) && isSubject(subject) && totalAmount;
  if (!isReadable) return { refusal: 'INVALID_PARAMETER' };
  if (Number(totalAmount) > 100_000_000) return { refusal: 'TOTAL_FEE_EXCEED' };
  const expiresAtMs = timeExpire === undefined ? nowMs + codeLifetimeMs : readTime(timeExpire);
  if (expiresAtMs === undefined) return { refusal: 'INVALID_PARAMETER' };
  if (expiresAtMs <= nowMs) return { refusal: 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR' };
  const code = `bax${randomBytes(10).toString('hex')}`;
  const issued = {
    appId,
    sellerId,
    outTradeNo,
    code,
    terms,
    totalAmount,
    subject,
    expiresAtMs,
    atMs: nowMs,
    ...(notifyUrl && { notifyUrl }),
  };
  return { events: [{ type: 'codeIssued', issued }] };
}

/** The payer scans: only now does the trade exist. Scanning again changes nothing. */
export function scan(trade: Trade, payer: { buyerId?: string | undefined }, nowMs: number): Ruling {
  if (trade.status !== 'CODE_ISSUED') return { events: [] };
  if (nowMs >= trade.expiresAtMs) return { refusal: 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR' };
  const { buyerId = defaultBuyerId } = payer;
  return {
    events: [
      { type: 'scanned', ...keyOf(trade), tradeNo: newTradeNo(nowMs), buyerId, atMs: nowMs },
    ],
  };
}

/** The payer pays a scanned trade, once and in time. `paidAmount` differs from the order's only to test that. */
export function pay(
  trade: Trade,
  { paidAmount = trade.totalAmount }: { paidAmount?: string | undefined },
  nowMs: number,
): Ruling {
  if (trade.status === 'TRADE_SUCCESS') return { refusal: 'TRADE_HAS_SUCCESS' };
  if (trade.status === 'TRADE_CLOSED') return { refusal: 'TRADE_HAS_CLOSE' };
  if (trade.status === 'CODE_ISSUED') return { refusal: 'TRADE_NOT_EXIST' };
  if (nowMs >= trade.expiresAtMs) return { refusal: 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR' };
  const paid = { type: 'paid' as const, ...keyOf(trade), paidAmount, atMs: nowMs };
  return { events: [paid, ...notifySuccess(trade, paidAmount, nowMs)] };
}

/** `alipay.trade.close`: an unscanned code is no trade, and stays payable until it expires. */
export function close(trade: Trade | undefined, nowMs: number): Ruling {
  if (!trade || trade.status === 'CODE_ISSUED') return { refusal: 'TRADE_NOT_EXIST' };
  if (trade.status === 'TRADE_SUCCESS') return { refusal: 'TRADE_HAS_SUCCESS' };
  if (trade.status === 'TRADE_CLOSED') return { refusal: 'TRADE_HAS_CLOSE' };
  return { events: [{ type: 'closed', ...keyOf(trade), atMs: nowMs }] };
}

/** A scanned trade that was not paid in time is closed. Asked before every look at a trade. */
export function expire(trade: Trade, nowMs: number): BookEvent[] {
  const isOverdue = trade.status === 'WAIT_BUYER_PAY' && nowMs >= trade.expiresAtMs;
  return isOverdue ? [{ type: 'closed', ...keyOf(trade), atMs: trade.expiresAtMs }] : [];
}

/** QR payments notify TRADE_SUCCESS only. https://opendocs.alipay.com/open/194/103296 */
function notifySuccess(trade: Trade, amount: string, nowMs: number): BookEvent[] {
  if (!trade.notifyUrl) return [];
  const notifyId = `${dayOf(nowMs)}00222${randomBytes(12).toString('hex')}`;
  const fields = {
    notify_time: wallTime(nowMs),
    notify_type: 'trade_status_sync',
    notify_id: notifyId,
    app_id: trade.appId,
    auth_app_id: trade.appId,
    charset: 'utf-8',
    version: '1.0',
    sign_type: 'RSA2',
    trade_no: trade.tradeNo ?? '',
    out_trade_no: trade.outTradeNo,
    buyer_id: trade.buyerId ?? '',
    buyer_logon_id: 'pay***@simulator.test',
    seller_id: trade.sellerId,
    trade_status: 'TRADE_SUCCESS',
    total_amount: amount,
    receipt_amount: amount,
    buyer_pay_amount: amount,
    invoice_amount: amount,
    point_amount: '0.00',
    subject: trade.subject,
    body: '',
    gmt_create: wallTime(trade.scannedAtMs ?? nowMs),
    gmt_payment: wallTime(nowMs),
    fund_bill_list: JSON.stringify([{ amount, fundChannel: 'ALIPAYACCOUNT' }]),
  };
  return [{ type: 'notificationMade', ...keyOf(trade), notifyId, url: trade.notifyUrl, fields }];
}

export function keyOf({ appId, outTradeNo }: TradeKey): TradeKey {
  return { appId, outTradeNo };
}

/** `1.5` becomes `1.50`; undefined unless it is at least a fen and has no more than two decimals. */
function readAmount(value: unknown): string | undefined {
  const match = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(String(value));
  if (!match) return undefined;
  const amount = `${Number(match[1])}.${(match[2] ?? '').padEnd(2, '0')}`;
  return amount === '0.00' ? undefined : amount;
}

function readTime(value: unknown): number | undefined {
  return typeof value === 'string' ? parseWallTime(value) : undefined;
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && Array.from(value).length <= 256;
}

/** 28 digits: the day, `22001`, the payer's part, a number. */
function newTradeNo(nowMs: number): string {
  const digits = randomBytes(8).readBigUInt64BE().toString().padStart(20, '0').slice(-15);
  return `${dayOf(nowMs)}22001${digits}`;
}

function dayOf(nowMs: number): string {
  return wallTime(nowMs).slice(0, 10).replaceAll('-', '');
}
