import { randomBytes } from 'node:crypto';
import type { Payment } from '../kit/book.ts';
import { handleDetails, isHandleAlive } from '../kit/handles.ts';
import type { Platform } from '../kit/platform.ts';
import { refundableMinor } from '../kit/rules.ts';
import type { RefusalName } from '../kit/rules.ts';
import type { App } from './account.ts';
import { failure, success } from './answers.ts';
import type { Answer, FailureCode } from './answers.ts';
import { parseWallTime, wallTime } from './clock.ts';
import { readFen, yuan } from './money.ts';

/** A code is valid for two hours unless the order sets another time. */
const codeLifetimeMs = 2 * 3_600_000;
const foreverMs = 10 * 365 * 86_400_000;
const maxAmountFen = 100_000_000_00;

export type BizContent = Record<string, unknown>;

export type Order = {
  app: App;
  /** How the payer opens it. */
  method: 'precreate' | 'page' | 'wap';
  terms: BizContent;
  notifyUrl: string | undefined;
  returnUrl?: string | undefined;
};

/** Places an order. Repeating it returns the same trade; other terms are refused. */
export function placeOrder(
  platform: Platform,
  { app, method, terms, notifyUrl, returnUrl }: Order,
): { payment: Payment } | { refusal: FailureCode } {
  const { out_trade_no: outTradeNo, subject, time_expire: timeExpire, quit_url: quitUrl } = terms;
  const amountMinor = readFen(terms['total_amount']);
  const nowMs = Date.now();
  const expiresAtMs = timeExpire === undefined ? nowMs + codeLifetimeMs : readTime(timeExpire);
  if (!isNumber(outTradeNo) || !isSubject(subject)) return { refusal: 'INVALID_PARAMETER' };
  if (!amountMinor || expiresAtMs === undefined) return { refusal: 'INVALID_PARAMETER' };
  const key = { account: app.appId, outTradeNo };
  const earlier = platform.find(key);
  if (earlier?.status === 'paid') return { refusal: 'TRADE_HAS_SUCCESS' };
  if (earlier?.status === 'closed') {
    return { refusal: isTrade(earlier) ? 'TRADE_HAS_CLOSE' : 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR' };
  }
  if (amountMinor > maxAmountFen) return { refusal: 'TOTAL_FEE_EXCEED' };
  const verdict = platform.open({
    ...key,
    providerTradeNo: null,
    method,
    amountMinor,
    currency: 'CNY',
    subject,
    terms: JSON.stringify([method, ...Object.entries(terms).sort(byName)]),
    ...(notifyUrl && { notifyUrl }),
    capture: 'automatic',
    expiresAtMs,
    openedAtMs: nowMs,
    details: {
      ...newHandle(method, nowMs),
      ...(returnUrl && { returnUrl }),
      ...(typeof quitUrl === 'string' && { quitUrl }),
    },
  });
  if ('refusal' in verdict) return { refusal: failureCodes[verdict.refusal] };
  const { payment } = verdict;
  const value = payment.details['code'];
  if (!isHandleAlive(payment, { name: 'code', value }, nowMs)) {
    platform.addDetails(payment, newHandle(method, nowMs));
  }
  return verdict;
}

/** A code can be scanned for two hours, whatever the order's expiry; a page URL is valid as long as the order. */
function newHandle(method: Order['method'], nowMs: number): Record<string, string> {
  const value = `bax${randomBytes(10).toString('hex')}`;
  const lifetimeMs = method === 'precreate' ? codeLifetimeMs : foreverMs;
  return handleDetails({ name: 'code', value, lifetimeMs }, nowMs);
}

/** Alipay's error codes for refusals of the shared rules. */
const failureCodes: Record<RefusalName, FailureCode> = {
  conflict: 'CONTEXT_INCONSISTENT',
  expired: 'NOW_TIME_AFTER_EXPIRE_TIME_ERROR',
  paid: 'TRADE_HAS_SUCCESS',
  closed: 'TRADE_HAS_CLOSE',
  amountInvalid: 'INVALID_PARAMETER',
  notPaid: 'TRADE_STATUS_ERROR',
  notAuthorized: 'TRADE_STATUS_ERROR',
  exceedsAuthorized: 'TRADE_STATUS_ERROR',
  exceedsCaptured: 'REASON_TRADE_REFUND_FEE_ERR',
  refundNotPending: 'TRADE_STATUS_ERROR',
  alreadyDisputed: 'TRADE_STATUS_ERROR',
  disputeDecided: 'TRADE_STATUS_ERROR',
};

/** The payer scans the code or opens the page, which creates the trade. */
export function beginTrade(platform: Platform, payment: Payment): void {
  if (platform.refresh(payment).status === 'open') platform.assignTradeNo(payment);
}

/** True once the trade exists, which is when it has a number. */
export function isTrade({ providerTradeNo }: Payment): boolean {
  return providerTradeNo !== null;
}

/** The merchant's order number in a call; empty without one. */
export function numberIn({ out_trade_no: outTradeNo }: BizContent): string {
  return typeof outTradeNo === 'string' ? outTradeNo : '';
}

/** Finds a trade by either number. */
export function findTrade(platform: Platform, app: App, terms: BizContent): Payment | undefined {
  const { trade_no: tradeNo } = terms;
  const payment =
    typeof tradeNo === 'string'
      ? platform.book.byProviderTradeNo.get(tradeNo)
      : platform.find({ account: app.appId, outTradeNo: numberIn(terms) });
  const isTheirs = payment?.account === app.appId && isTrade(payment);
  return isTheirs ? platform.refresh(payment) : undefined;
}

/** https://opendocs.alipay.com/open/82ea786a_alipay.trade.query */
export function queryTrade(platform: Platform, app: App, terms: BizContent): Answer {
  const payment = findTrade(platform, app, terms);
  return payment ? success(describe(payment)) : failure('TRADE_NOT_EXIST');
}

/** Closes a trade. An unscanned code is no trade and stays payable until it expires. */
export function closeTrade(platform: Platform, app: App, terms: BizContent): Answer {
  const payment = findTrade(platform, app, terms);
  if (!payment) return failure('TRADE_NOT_EXIST');
  const verdict = platform.close(payment);
  return 'refusal' in verdict
    ? failure(failureCodes[verdict.refusal])
    : success(numbersOf(verdict.payment));
}

/** Cancels a trade: closes it if unpaid, refunds it if paid. Idempotent. */
export function cancelTrade(platform: Platform, app: App, terms: BizContent): Answer {
  const payment = findTrade(platform, app, terms);
  if (!payment) return failure('TRADE_NOT_EXIST');
  const isPaid = payment.status === 'paid';
  const leftMinor = refundableMinor(payment);
  if (payment.status === 'open') platform.close(payment);
  if (isPaid && leftMinor > 0) platform.externalRefund(payment, leftMinor);
  const action = isPaid ? 'refund' : 'close';
  return success({ ...numbersOf(payment), retry_flag: 'N', action });
}

function describe(payment: Payment): Answer {
  const { paidAtMs, capturedMinor, amountMinor } = payment;
  const received = yuan(capturedMinor);
  const amount = paidAtMs === undefined ? yuan(amountMinor) : received;
  return {
    ...numbersOf(payment),
    buyer_logon_id: buyer.logonId,
    buyer_user_id: buyer.id,
    trade_status: tradeStatusOf(payment),
    total_amount: amount,
    receipt_amount: received,
    buyer_pay_amount: received,
    invoice_amount: received,
    point_amount: '0.00',
    ...(paidAtMs !== undefined && {
      send_pay_date: wallTime(paidAtMs),
      fund_bill_list: [{ amount, fund_channel: 'ALIPAYACCOUNT' }],
    }),
  };
}

/**
 * The trade's status. A fully refunded trade is closed; only its refunds distinguish it from one that was never paid.
 */
export function tradeStatusOf(payment: Payment): string {
  if (payment.status === 'closed') return 'TRADE_CLOSED';
  if (payment.status !== 'paid') return 'WAIT_BUYER_PAY';
  return refundedMinor(payment) < payment.capturedMinor ? 'TRADE_SUCCESS' : 'TRADE_CLOSED';
}

/** The sum of the succeeded refunds. */
export function refundedMinor({ refunds }: Payment): number {
  const succeeded = refunds.filter(({ status }) => status === 'succeeded');
  return succeeded.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

export const buyer = { id: '2088102146225135', logonId: 'pay***@simulator.test' } as const;

export function numbersOf({ providerTradeNo, outTradeNo }: Payment) {
  return { trade_no: providerTradeNo, out_trade_no: outTradeNo };
}

function readTime(value: unknown): number | undefined {
  return typeof value === 'string' ? parseWallTime(value) : undefined;
}

function isNumber(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(value);
}

function isSubject(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && Array.from(value).length <= 256;
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}
