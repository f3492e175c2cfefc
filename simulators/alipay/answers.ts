export type Answer = Record<string, unknown>;

export function success(fields: Answer): Answer {
  return { code: '10000', msg: 'Success', ...fields };
}

/** Documented business error codes, without the prefix `ACQ.`, and their messages. */
const failures = {
  CONTEXT_INCONSISTENT: '交易信息被篡改',
  DISCORDANT_REPEAT_REQUEST: '同一笔退款请求的金额不一致',
  INVALID_PARAMETER: '参数无效',
  NOW_TIME_AFTER_EXPIRE_TIME_ERROR: '当前时间已超过允许支付的时间',
  REASON_TRADE_REFUND_FEE_ERR: '退款金额无效',
  TOTAL_FEE_EXCEED: '订单总金额不在允许范围内',
  TRADE_HAS_CLOSE: '交易已经关闭',
  TRADE_HAS_SUCCESS: '交易已被支付',
  TRADE_NOT_ALLOW_REFUND: '当前交易不允许退款',
  TRADE_NOT_EXIST: '交易不存在',
  TRADE_STATUS_ERROR: '交易状态不合法',
} as const;

export type FailureCode = keyof typeof failures;

export function failure(code: FailureCode): Answer {
  return businessFailure(`ACQ.${code}`, failures[code]);
}

export function businessFailure(subCode: string, sub_msg: string): Answer {
  return { code: '40004', msg: 'Business Failed', sub_code: subCode, sub_msg };
}

/** Public codes of the gateway. https://opendocs.alipay.com/common/02km9f */
export const systemError: Answer = {
  code: '20000',
  msg: 'Service Currently Unavailable',
  sub_code: 'isp.unknow-error',
  sub_msg: '系统繁忙',
};

export const rateLimited: Answer = {
  code: '40005',
  msg: 'Call Limited',
  sub_code: 'isv.app-call-limited',
  sub_msg: '应用调用次数超限',
};

export function missingArgument(subCode: string, name: string): Answer {
  const sub_msg = `缺少${name}参数`;
  return { code: '40001', msg: 'Missing Required Arguments', sub_code: subCode, sub_msg };
}

export function invalidArgument(subCode: string, sub_msg: string): Answer {
  return { code: '40002', msg: 'Invalid Arguments', sub_code: subCode, sub_msg };
}
