import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { App, Book, Trade } from './book.ts';
import { parseWallTime, wallTime } from './clock.ts';
import type { CallKind, CallVerb, FaultScript } from './faults.ts';
import type { Platform, Verdict } from './platform.ts';
import type { RefusalCode } from './rules.ts';
import { isSignedRsa2, signRsa2, signedText } from './signing.ts';

export type GatewayParts = {
  book: Book;
  platform: Platform;
  faults: FaultScript;
  platformKey: KeyObject;
  /** Where the payer's pages are. */
  publicUrl: () => string;
};

type Answer = Record<string, unknown>;
type BizContent = Record<string, unknown> & { out_trade_no: string };

/** `POST /gateway.do`, version 1.0: common parameters in the query, `biz_content` in the form. */
export function createGateway(parts: GatewayParts) {
  const { faults, platformKey } = parts;
  return async (c: Context<{ Bindings: HttpBindings }>): Promise<Response> => {
    const params = new Map([
      ...new URL(c.req.url).searchParams,
      ...new URLSearchParams(await c.req.text()),
    ]);
    const caller = authenticate(params, parts.book);
    if ('rejection' in caller) {
      return reply(c, (await sign('error', caller.rejection, platformKey)).envelope);
    }
    const { method, app } = caller;
    const terms = parseBizContent(params.get('biz_content') ?? '');
    if (!terms) {
      const refusal = businessFailure('INVALID_PARAMETER');
      return reply(c, (await sign(method, refusal, platformKey)).envelope);
    }

    const strike = faults.takeForCall(verbs[method], terms.out_trade_no);
    const isExecuted = !strike || !unexecutedKinds.has(strike.kind);
    const answer = isExecuted ? execute(parts, method, app, terms, params) : systemError;
    const { node, envelope } = await sign(method, answer, platformKey);
    if (strike) await sleep(strike.delayMs);
    switch (strike?.kind) {
      case 'timeoutBefore':
      case 'executedThenTimeout':
        // No answer, ever: the connection breaks under the caller.
        c.env.incoming.socket.destroy();
        return RESPONSE_ALREADY_SENT;
      case 'http500':
        return c.text('', 500);
      case 'malformed':
        return reply(c, envelope.slice(0, envelope.length / 2));
      case 'unsigned':
        return reply(c, `{"${nodeName(method)}":${node}}`);
      case 'badSignature':
        // A real signature, of other bytes.
        return reply(c, envelope.replace('{"code"', '{ "code"'));
      default:
        return reply(c, envelope);
    }
  };
}

const unexecutedKinds: ReadonlySet<CallKind> = new Set(['timeoutBefore', 'http500', 'systemError']);

const verbs = {
  'alipay.trade.precreate': 'precreate',
  'alipay.trade.query': 'query',
  'alipay.trade.close': 'close',
} as const satisfies Record<string, CallVerb>;

type Method = keyof typeof verbs;

function isMethod(method: string): method is Method {
  return Object.hasOwn(verbs, method);
}

function execute(
  { platform, publicUrl }: GatewayParts,
  method: Method,
  { appId, sellerId }: App,
  terms: BizContent,
  params: ReadonlyMap<string, string>,
): Answer {
  const key = { appId, outTradeNo: terms.out_trade_no };
  switch (method) {
    case 'alipay.trade.precreate': {
      const order = { ...key, sellerId, terms, notifyUrl: params.get('notify_url') };
      return answerOf(platform.issueCode(order), (trade) => ({
        out_trade_no: trade.outTradeNo,
        qr_code: `${publicUrl()}/qr/${trade.code}`,
      }));
    }
    case 'alipay.trade.query': {
      const trade = platform.find(key);
      const exists = trade && trade.status !== 'CODE_ISSUED';
      return exists ? success(describe(trade)) : businessFailure('TRADE_NOT_EXIST');
    }
    case 'alipay.trade.close':
      return answerOf(platform.close(key), (trade) => ({
        trade_no: trade.tradeNo,
        out_trade_no: trade.outTradeNo,
      }));
  }
}

/** https://docs.open.alipay.com/api_1/alipay.trade.query */
function describe(trade: Trade): Answer {
  const amount = trade.paidAmount ?? trade.totalAmount;
  const received = trade.paidAmount ?? '0.00';
  return {
    trade_no: trade.tradeNo,
    out_trade_no: trade.outTradeNo,
    buyer_logon_id: 'pay***@simulator.test',
    buyer_user_id: trade.buyerId,
    trade_status: trade.status,
    total_amount: amount,
    receipt_amount: received,
    buyer_pay_amount: received,
    invoice_amount: received,
    point_amount: '0.00',
    ...(trade.paidAtMs !== undefined && {
      send_pay_date: wallTime(trade.paidAtMs),
      fund_bill_list: [{ amount, fund_channel: 'ALIPAYACCOUNT' }],
    }),
  };
}

type Caller = { method: Method; app: App } | { rejection: Answer };

/** Public codes of the gateway. https://opendocs.alipay.com/common/02km9f */
function authenticate(params: ReadonlyMap<string, string>, book: Book): Caller {
  for (const [name, subCode] of requiredParams) {
    if (!params.get(name)) return missingArgument(subCode, name);
  }
  const method = params.get('method') ?? '';
  if (!isMethod(method)) return invalidArgument('isv.invalid-method', '不存在的方法名');
  const app = book.apps.get(params.get('app_id') ?? '');
  if (!app) return invalidArgument('isv.invalid-app-id', '无效的AppID参数');
  if (params.get('sign_type') !== 'RSA2') {
    return invalidArgument('isv.invalid-signature-type', '无效的签名类型');
  }
  if (params.get('charset')?.toLowerCase() !== 'utf-8') {
    return invalidArgument('isv.invalid-charset', '字符集错误');
  }
  const sentAtMs = parseWallTime(params.get('timestamp') ?? '');
  // Ten minutes: wide enough for any clock, and narrow enough to notice a client in the wrong time zone.
  if (sentAtMs === undefined || Math.abs(Date.now() - sentAtMs) > 600_000) {
    return invalidArgument('isv.invalid-timestamp', '非法的时间戳参数');
  }
  const text = signedText(params, { withSignType: true });
  if (isSignedRsa2(text, keyOfApp(app), params.get('sign') ?? '')) return { method, app };
  return invalidArgument('isv.invalid-signature', `验签出错，网关生成的验签字符串为：${text}`);
}

const requiredParams = [
  ['method', 'isv.missing-method'],
  ['app_id', 'isv.missing-app-id'],
  ['sign', 'isv.missing-signature'],
  ['sign_type', 'isv.missing-signature-type'],
  ['timestamp', 'isv.missing-timestamp'],
  ['version', 'isv.missing-version'],
] as const;

/** Parsing a PEM costs four times the verification it is for. */
const parsedKeys = new WeakMap<App, KeyObject>();

function keyOfApp(app: App): KeyObject {
  const key = parsedKeys.get(app) ?? createPublicKey(app.appPublicKey);
  parsedKeys.set(app, key);
  return key;
}

function parseBizContent(text: string): BizContent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isBizContent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isBizContent(value: unknown): value is BizContent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'out_trade_no' in value &&
    typeof value.out_trade_no === 'string'
  );
}

const systemError = {
  code: '20000',
  msg: 'Service Currently Unavailable',
  sub_code: 'isp.unknow-error',
  sub_msg: '系统繁忙',
};

const refusalMessages: Record<RefusalCode, string> = {
  CONTEXT_INCONSISTENT: '交易信息被篡改',
  INVALID_PARAMETER: '参数无效',
  NOW_TIME_AFTER_EXPIRE_TIME_ERROR: '当前时间已超过允许支付的时间',
  TOTAL_FEE_EXCEED: '订单总金额不在允许范围内',
  TRADE_HAS_CLOSE: '交易已经关闭',
  TRADE_HAS_SUCCESS: '交易已被支付',
  TRADE_NOT_EXIST: '交易不存在',
};

function missingArgument(subCode: string, name: string): { rejection: Answer } {
  const sub_msg = `缺少${name}参数`;
  return {
    rejection: { code: '40001', msg: 'Missing Required Arguments', sub_code: subCode, sub_msg },
  };
}

function invalidArgument(subCode: string, sub_msg: string): { rejection: Answer } {
  return { rejection: { code: '40002', msg: 'Invalid Arguments', sub_code: subCode, sub_msg } };
}

function businessFailure(refusal: RefusalCode): Answer {
  const sub_msg = refusalMessages[refusal];
  return { code: '40004', msg: 'Business Failed', sub_code: `ACQ.${refusal}`, sub_msg };
}

function success(fields: Answer): Answer {
  return { code: '10000', msg: 'Success', ...fields };
}

function answerOf(verdict: Verdict, fields: (trade: Trade) => Answer): Answer {
  return 'refusal' in verdict ? businessFailure(verdict.refusal) : success(fields(verdict.trade));
}

type SignedAnswer = { node: string; envelope: string };

/** The signature covers the node's raw text, byte for byte. Their JSON escapes slashes. */
async function sign(method: string, answer: Answer, platformKey: KeyObject): Promise<SignedAnswer> {
  const node = JSON.stringify(answer).replaceAll('/', '\\/');
  const signature = await signRsa2(node, platformKey);
  return { node, envelope: `{"${nodeName(method)}":${node},"sign":"${signature}"}` };
}

function nodeName(method: string): string {
  return `${method.replaceAll('.', '_')}_response`;
}

/** They answer JSON under this type. */
function reply(c: Context, body: string): Response {
  return c.body(body, 200, { 'content-type': 'text/html;charset=utf-8' });
}
