import type { CodeTable } from '../code-meanings.ts';

// The codes that WeChat Pay documents for each call of API v3, without `_`, as some interfaces still spell them:
// pay.weixin.qq.com/doc/v3, the page of the call. It documents texts, HTTP status and advice; where there is no advice
// the meaning is inferred (inf). The code decides, whatever the status: OPENID_MISMATCH comes with 500.

/** For every call. */
const common = {
  SYSTEMERROR: 'unknown',
  BANKERROR: 'unknown',
  FREQUENCYLIMITED: 'retry',
  RATELIMITEXCEEDED: 'retry',
  RULELIMIT: 'retry',
  PARAMERROR: 'badRequest',
  APPIDMCHIDNOTMATCH: 'account',
  MCHNOTEXISTS: 'account',
  NOAUTH: 'account',
  SIGNERROR: 'account',
} as const satisfies CodeTable;

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791856 (JSAPI), …877 (Native), …834 (H5). */
export const createCodes = {
  ...common,
  ACCOUNTERROR: 'declined',
  NOTENOUGH: 'declined',
  OPENIDMISMATCH: 'declined',
  USERACCOUNTABNORMAL: 'declined',
  INVALIDTRANSACTIONID: 'badRequest',
  INVALIDREQUEST: 'invalidState',
  ORDERCLOSED: 'invalidState',
  ORDERNOTEXIST: 'invalidState',
  ORDERPAID: 'invalidState',
  ORDERREVERSED: 'invalidState',
  OUTTRADENOUSED: 'invalidState',
  RESOURCENOTEXISTS: 'invalidState',
  TRADEERROR: 'invalidState',
  USERPAYING: 'invalidState',
} as const satisfies CodeTable;

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791859. ORDER_NOT_EXIST is an answer. */
export const queryCodes = {
  ...common,
  INVALIDREQUEST: 'badRequest',
  ORDERNOTEXIST: 'invalidState',
  RESOURCENOTEXISTS: 'invalidState',
} as const satisfies CodeTable;

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791860. */
export const closeCodes = {
  ...common,
  INVALIDREQUEST: 'unknown',
  ORDERCLOSED: 'invalidState',
  ORDERNOTEXIST: 'invalidState',
  ORDERPAID: 'invalidState',
  USERPAYING: 'retry',
} as const satisfies CodeTable;

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791862. NOT_ENOUGH is fixed by a top-up: nothing was refunded. */
export const refundCodes = {
  ...common,
  ACCOUNTERROR: 'declined',
  NOTENOUGH: 'declined',
  USERACCOUNTABNORMAL: 'declined',
  INVALIDREQUEST: 'invalidState',
  ORDERNOTEXIST: 'invalidState',
  RESOURCENOTEXISTS: 'invalidState',
  TRADEERROR: 'invalidState',
} as const satisfies CodeTable;
