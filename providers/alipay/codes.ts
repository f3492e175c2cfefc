import type { CodeTable } from '../code-meanings.ts';

// The sub codes that Alipay documents for each call, without their prefix (`ACQ.`, `isv.`): opendocs.alipay.com, the
// page of the call, and the error models of its Java SDK for v3. Alipay documents texts, not reactions: meanings marked
// (inf) are inferred from the text.

/** https://opendocs.alipay.com/open/8ad49e4a_alipay.trade.precreate; pages are signed locally, without a call. */
export const createCodes = {
  SYSTEM_ERROR: 'unknown',
  AOP_SYSTEM_ERROR: 'unknown',
  INVALID_PARAMETER: 'badRequest',
  ACCESS_FORBIDDEN: 'account',
  INVALID_RECEIVE_ACCOUNT: 'account',
  MERCHANT_PERM_RECEIPT_SUSPEND_LIMIT: 'account',
  MERCHANT_STATUS_NOT_NORMAL: 'account',
  PARTNER_ERROR: 'account',
  SELLER_BEEN_BLOCKED: 'account',
  SELLER_NOT_EXIST: 'account',
  BEYOND_PAY_RESTRICTION: 'declined',
  BEYOND_PER_RECEIPT_DAY_RESTRICTION: 'declined',
  BEYOND_PER_RECEIPT_RESTRICTION: 'declined',
  BEYOND_PER_RECEIPT_SINGLE_RESTRICTION: 'declined',
  BUYER_BALANCE_NOT_ENOUGH: 'declined',
  BUYER_BANKCARD_BALANCE_NOT_ENOUGH: 'declined',
  BUYER_ENABLE_STATUS_FORBID: 'declined',
  BUYER_NOT_EXIST: 'declined',
  BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR: 'declined',
  BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR: 'declined',
  BUYER_SELLER_EQUAL: 'declined',
  ERROR_BALANCE_PAYMENT_DISABLE: 'declined',
  ERROR_BUYER_CERTIFY_LEVEL_LIMIT: 'declined',
  EXIST_FORBIDDEN_WORD: 'declined',
  MERCHANT_PERM_RECEIPT_DAY_LIMIT: 'declined',
  MERCHANT_PERM_RECEIPT_SINGLE_LIMIT: 'declined',
  MOBILE_PAYMENT_SWITCH_OFF: 'declined',
  NOW_TIME_AFTER_EXPIRE_TIME_ERROR: 'declined',
  PAYMENT_FAIL: 'declined',
  PULL_MOBILE_CASHIER_FAIL: 'declined',
  TOTAL_FEE_EXCEED: 'declined',
  TRADE_BUYER_NOT_MATCH: 'declined',
  USER_FACE_PAYMENT_SWITCH_OFF: 'declined',
  CONTEXT_INCONSISTENT: 'invalidState',
  REASON_TRADE_STATUS_INVALID: 'invalidState',
  TRADE_HAS_CLOSE: 'invalidState',
  TRADE_HAS_SUCCESS: 'invalidState',
  TRADE_STATUS_ERROR: 'invalidState',
} as const satisfies CodeTable;

/** https://opendocs.alipay.com/open/82ea786a_alipay.trade.query. TRADE_NOT_EXIST is an answer: not scanned yet. */
export const queryCodes = {
  SYSTEM_ERROR: 'unknown',
  AOP_SYSTEM_ERROR: 'unknown',
  INVALID_PARAMETER: 'badRequest',
  TRADE_NOT_EXIST: 'invalidState',
} as const satisfies CodeTable;

/** https://opendocs.alipay.com/open/ce0b4954_alipay.trade.close and `…/13399511_alipay.trade.cancel`. */
export const closeCodes = {
  SYSTEM_ERROR: 'unknown',
  AOP_SYSTEM_ERROR: 'unknown',
  TRADE_CANCEL_TIME_OUT: 'invalidState',
  INVALID_PARAMETER: 'badRequest',
  ACCESS_FORBIDDEN: 'account',
  CANCEL_NOT_ALLOWED: 'invalidState',
  REASON_ILLEGAL_STATUS: 'invalidState',
  REASON_TRADE_REFUND_FEE_ERR: 'invalidState',
  REASON_TRADE_BEEN_FREEZEN: 'invalidState',
  REASON_TRADE_STATUS_INVALID: 'invalidState',
  SELLER_BALANCE_NOT_ENOUGH: 'invalidState',
  TRADE_HAS_CLOSE: 'invalidState',
  TRADE_HAS_FINISHED: 'invalidState',
  TRADE_HAS_SUCCESS: 'invalidState',
  TRADE_NOT_EXIST: 'invalidState',
  TRADE_STATUS_ERROR: 'invalidState',
} as const satisfies CodeTable;

/**
 * https://opendocs.alipay.com/open/4b7cc5db_alipay.trade.refund. Errors that a top-up or a change of the account would
 * fix are declined too: nothing was refunded, and the merchant requests it again after the fix. Nearly all (inf).
 */
export const refundCodes = {
  SYSTEM_ERROR: 'unknown',
  AOP_SYSTEM_ERROR: 'unknown',
  ENTERPRISE_PAY_BIZ_ERROR: 'unknown',
  TRADE_SETTLE_ERROR: 'unknown',
  ALLOC_AMOUNT_VALIDATE_ERROR: 'badRequest',
  CURRENCY_NOT_SUPPORT: 'badRequest',
  CUSTOMER_VALIDATE_ERROR: 'badRequest',
  INVALID_PARAMETER: 'badRequest',
  USER_NOT_MATCH_ERR: 'badRequest',
  BUYER_ENABLE_STATUS_FORBID: 'declined',
  BUYER_ERROR: 'declined',
  BUYER_NOT_EXIST: 'declined',
  OVERDRAFT_AGREEMENT_NOT_MATCH: 'declined',
  OVERDRAFT_ASSIGN_ACCOUNT_INVALID: 'declined',
  REFUND_ACCOUNT_NOT_EXIST: 'declined',
  REFUND_CHARGE_ERROR: 'declined',
  REFUND_ROYALTY_PAYEE_ACCOUNT_NOT_EXIST: 'declined',
  SELLER_BALANCE_NOT_ENOUGH: 'declined',
  ACCESS_FORBIDDEN: 'account',
  DISCORDANT_REPEAT_REQUEST: 'invalidState',
  NOT_ALLOW_PARTIAL_REFUND: 'invalidState',
  ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND: 'invalidState',
  REASON_TRADE_BEEN_FREEZEN: 'invalidState',
  REASON_TRADE_REFUND_FEE_ERR: 'invalidState',
  REASON_TRADE_STATUS_INVALID: 'invalidState',
  REFUND_AMT_NOT_EQUAL_TOTAL: 'invalidState',
  REFUND_FEE_ERROR: 'invalidState',
  TRADE_HAS_CLOSE: 'invalidState',
  TRADE_HAS_FINISHED: 'invalidState',
  TRADE_NOT_ALLOW_REFUND: 'invalidState',
  TRADE_NOT_EXIST: 'invalidState',
  TRADE_STATUS_ERROR: 'invalidState',
} as const satisfies CodeTable;

/** Codes of the gateway itself, for every call. https://opendocs.alipay.com/common/02km9f */
export const gatewayCodes = {
  '20000': 'unknown',
  '20001': 'account',
  '40001': 'account',
  '40002': 'account',
  '40003': 'account',
  '40005': 'retry',
  '40006': 'account',
  '50000': 'unknown',
} as const satisfies CodeTable;
