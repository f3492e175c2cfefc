import type { RefusalName } from '../kit/rules.ts';

export type Answer = { status: 200 | 204 | 400 | 401 | 403 | 404 | 429 | 500; body: string };

export function success(body: unknown): Answer {
  return { status: 200, body: JSON.stringify(body) };
}

export const noContent: Answer = { status: 204, body: '' };

/** WeChat Pay's error codes, each with its HTTP status and message. */
const errors = {
  APPID_MCHID_NOT_MATCH: [400, 'appid和mch_id不匹配'],
  FREQUENCY_LIMITED: [429, '频率超限'],
  INVALID_REQUEST: [400, '无效请求'],
  MCH_NOT_EXISTS: [400, '商户号不存在'],
  NO_AUTH: [403, '商户无权限'],
  NO_STATEMENT_EXIST: [400, '账单文件不存在'],
  ORDERPAID: [400, '订单已支付'],
  ORDER_CLOSED: [400, '订单已关闭'],
  ORDER_NOT_EXIST: [404, '订单不存在'],
  OUT_TRADE_NO_USED: [403, '商户订单号重复'],
  PARAM_ERROR: [400, '参数错误'],
  RESOURCE_NOT_EXISTS: [404, '查询的资源不存在'],
  SIGN_ERROR: [401, '签名错误'],
  STATEMENT_CREATING: [400, '账单生成中'],
  SYSTEM_ERROR: [500, '系统错误'],
} as const satisfies Record<string, readonly [Answer['status'], string]>;

export type ErrorCode = keyof typeof errors;

export function failure(code: ErrorCode, detail?: string): Answer {
  const [status, message] = errors[code];
  return { status, body: JSON.stringify({ code, message: detail ?? message }) };
}

/** WeChat Pay's error for a refusal of the shared rules. */
export function orderFailure(refusal: RefusalName): Answer {
  switch (refusal) {
    case 'conflict':
      return failure('OUT_TRADE_NO_USED');
    case 'paid':
      return failure('ORDERPAID');
    case 'closed':
      return failure('ORDER_CLOSED');
    case 'amountInvalid':
    case 'expired':
      return failure('PARAM_ERROR', refusal);
    default:
      return failure('INVALID_REQUEST', refusal);
  }
}
