import type { KeyObject } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from 'hono';
import { isExecuted } from '../kit/faults.ts';
import type { Call, CallKind, FaultScript, ActiveFault } from '../kit/faults.ts';
import type { Platform } from '../kit/platform.ts';
import { hangUp } from '../kit/serve.ts';
import type { SimulatorEnv } from '../kit/serve.ts';
import type { App } from './account.ts';
import {
  businessFailure,
  failure,
  invalidArgument,
  rateLimited,
  success,
  systemError,
} from './answers.ts';
import type { Answer } from './answers.ts';
import { authenticate } from './authenticate.ts';
import type { Params } from './authenticate.ts';
import type { BillService } from './bills.ts';
import { queryRefund, refundTrade } from './refunds.ts';
import { signRsa2 } from './signing.ts';
import { cancelTrade, closeTrade, numberIn, placeOrder, queryTrade } from './trades.ts';
import type { BizContent } from './trades.ts';

export type GatewayParts = {
  platform: Platform;
  faults: FaultScript;
  platformKey: KeyObject;
  bills: BillService;
  /** The base URL of the payer's pages. */
  publicUrl: () => string;
};

type EndpointRequest = { app: App; terms: BizContent; params: Params };

/** `POST /gateway.do`, version 1.0: common parameters in the query, `biz_content` in the form. */
export function createGateway(parts: GatewayParts) {
  const { faults, platform, platformKey } = parts;
  return async (c: Context<SimulatorEnv>): Promise<Response> => {
    const params = new Map([
      ...new URL(c.req.url).searchParams,
      ...new URLSearchParams(await c.req.text()),
    ]);
    const caller = authenticate(params, platform.book);
    if ('rejection' in caller) {
      return reply(c, (await sign('error', caller.rejection, platformKey)).envelope);
    }
    const method = params.get('method') ?? '';
    const endpoint = endpoints.get(method);
    if (!endpoint) {
      const rejection = invalidArgument('isv.invalid-method', '不存在的方法名');
      return reply(c, (await sign('error', rejection, platformKey)).envelope);
    }
    const terms = readBizContent(params);
    if (!terms) {
      return reply(c, (await sign(method, failure('INVALID_PARAMETER'), platformKey)).envelope);
    }

    const target = { account: caller.app.appId, outTradeNo: numberIn(terms) };
    const activeFault = faults.takeForCall(endpoint.call, target);
    const answer = isExecuted(activeFault)
      ? endpoint.execute(parts, { app: caller.app, terms, params })
      : unexecuted(activeFault);
    const { node, envelope } = await sign(method, answer, platformKey);
    if (activeFault) await sleep(activeFault.delayMs);
    switch (activeFault?.kind) {
      case 'timeoutBefore':
      case 'executedThenTimeout':
        return hangUp(c);
      case 'http500':
        return c.text('', 500);
      case 'malformed':
        return reply(c, envelope.slice(0, envelope.length / 2));
      case 'unsigned':
        return reply(c, `{"${nodeName(method)}":${node}}`);
      case 'badSignature':
        // A valid signature of other bytes.
        return reply(c, envelope.replace('{"code"', '{ "code"'));
      default:
        return reply(c, envelope);
    }
  };
}

type Endpoint = { call: Call; execute: (parts: GatewayParts, request: EndpointRequest) => Answer };

const endpoints: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['alipay.trade.precreate', { call: 'create', execute: issueCode }],
  ['alipay.trade.query', endpoint('query', queryTrade)],
  ['alipay.trade.close', endpoint('close', closeTrade)],
  ['alipay.trade.cancel', endpoint('cancel', cancelTrade)],
  ['alipay.trade.refund', endpoint('refund', refundTrade)],
  ['alipay.trade.fastpay.refund.query', endpoint('queryRefund', queryRefund)],
  [
    'alipay.data.dataservice.bill.downloadurl.query',
    { call: 'statement', execute: ({ bills }, { app, terms }) => bills.createDownload(app, terms) },
  ],
]);

function endpoint(
  call: Call,
  execute: (platform: Platform, app: App, terms: BizContent) => Answer,
): Endpoint {
  return { call, execute: ({ platform }, { app, terms }) => execute(platform, app, terms) };
}

function issueCode(
  { platform, publicUrl }: GatewayParts,
  { app, terms, params }: EndpointRequest,
): Answer {
  const notifyUrl = params.get('notify_url');
  const verdict = placeOrder(platform, { app, method: 'precreate', terms, notifyUrl });
  if ('refusal' in verdict) return failure(verdict.refusal);
  const { outTradeNo, details } = verdict.payment;
  return success({ out_trade_no: outTradeNo, qr_code: `${publicUrl()}/qr/${details['code']}` });
}

/** Parses `biz_content`; undefined if it is no JSON object. */
export function readBizContent(params: Params): BizContent | undefined {
  try {
    const value: unknown = JSON.parse(params.get('biz_content') ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

type SignedAnswer = { node: string; envelope: string };

/** Signs the node's raw text, byte for byte. Alipay's JSON escapes slashes. */
async function sign(method: string, answer: Answer, platformKey: KeyObject): Promise<SignedAnswer> {
  const node = JSON.stringify(answer).replaceAll('/', '\\/');
  const signature = await signRsa2(node, platformKey);
  return { node, envelope: `{"${nodeName(method)}":${node},"sign":"${signature}"}` };
}

function nodeName(method: string): string {
  return `${method.replaceAll('.', '_')}_response`;
}

/** Alipay sends JSON with this content type. */
function reply(c: Context, body: string): Response {
  return c.body(body, 200, { 'content-type': 'text/html;charset=utf-8' });
}

function unexecuted(activeFault: ActiveFault<CallKind> | undefined): Answer {
  if (activeFault?.kind === 'refused')
    return businessFailure(activeFault.code ?? '', '业务处理失败');
  return activeFault?.kind === 'rateLimited' ? rateLimited : systemError;
}
