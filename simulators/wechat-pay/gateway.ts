import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { findRefund } from '../kit/book.ts';
import { isExecuted } from '../kit/faults.ts';
import type { Call, CallKind, FaultScript, ActiveFault } from '../kit/faults.ts';
import type { Platform } from '../kit/platform.ts';
import { hangUp } from '../kit/serve.ts';
import type { SimulatorEnv } from '../kit/serve.ts';
import type { Merchant } from './account.ts';
import { failure, success } from './answers.ts';
import type { Answer } from './answers.ts';
import { authorize } from './authorize.ts';
import type { BillService } from './bills.ts';
import { rfc3339 } from './clock.ts';
import { closeOrder, createOrder, queryOrder, tradeTypes } from './orders.ts';
import type { PlatformKeys } from './platform-keys.ts';
import type { RefundService } from './refunds.ts';
import { encrypt, signatureHeaders } from './signing.ts';

export type GatewayParts = {
  platform: Platform;
  keys: PlatformKeys;
  faults: FaultScript;
  refunds: RefundService;
  bills: BillService;
  /** The base URL of the payer's pages. */
  publicUrl: () => string;
};

type EndpointRequest = { merchant: Merchant; body: Record<string, unknown> };
type Endpoint = {
  /** The call's name in scripted faults; undefined for certificates. */
  call?: Call;
  outTradeNo?(request: EndpointRequest): string | undefined;
  execute(request: EndpointRequest): Answer;
};

/** API v3. Verifies every request and signs every response, errors included. */
export function createGateway(parts: GatewayParts): Hono<SimulatorEnv> {
  const { platform, keys, faults, refunds, bills } = parts;
  const gateway = new Hono<SimulatorEnv>();

  async function serveEndpoint(c: Context<SimulatorEnv>, endpoint: Endpoint): Promise<Response> {
    const request = await read(c);
    if ('refusal' in request) return reply(c, request.refusal);
    const outTradeNo = endpoint.outTradeNo?.(request) ?? '';
    const target = { account: request.merchant.mchId, outTradeNo };
    const activeFault = endpoint.call && faults.takeForCall(endpoint.call, target);
    const answer = isExecuted(activeFault) ? endpoint.execute(request) : unexecuted(activeFault);
    if (activeFault) await sleep(activeFault.delayMs);
    return reply(c, answer, { activeFault, merchant: request.merchant });
  }

  async function read(c: Context<SimulatorEnv>): Promise<EndpointRequest | { refusal: Answer }> {
    const text = await c.req.text();
    const verdict = authorize(platform.book, {
      method: c.req.method,
      // The path as sent, because the signature covers its escapes.
      path: c.env.incoming.url ?? '',
      body: text,
      authorization: c.req.header('authorization') ?? '',
    });
    if ('refusal' in verdict) return verdict;
    const body = parseObject(text || '{}');
    return body ? { ...verdict, body } : { refusal: failure('PARAM_ERROR', '不是JSON') };
  }

  async function reply(
    c: Context<SimulatorEnv>,
    { status, body }: Answer,
    {
      activeFault,
      merchant,
    }: { activeFault?: ActiveFault<CallKind> | undefined; merchant?: Merchant } = {},
  ): Promise<Response> {
    const signer = keys.signerFor({
      serial: c.req.header('wechatpay-serial'),
      verifiesBy: merchant?.verifiesBy ?? 'certificates',
    });
    const send = (text: string, headers: Record<string, string>) =>
      status === 204
        ? c.body(null, 204, headers)
        : c.body(text, status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    switch (activeFault?.kind) {
      case 'timeoutBefore':
      case 'executedThenTimeout':
        return hangUp(c);
      case 'http500':
        return c.text('', 500);
      case 'unsigned':
        return send(body, {});
      case 'badSignature':
        // A valid signature of other bytes.
        return send(body, await signatureHeaders(`${body} `, signer));
      case 'malformed': {
        // An empty body cannot be cut, so the connection is closed.
        if (body === '') return hangUp(c);
        const cut = body.slice(0, body.length / 2);
        return send(cut, await signatureHeaders(body, signer));
      }
      default:
        return send(body, await signatureHeaders(body, signer));
    }
  }

  for (const tradeType of tradeTypes) {
    gateway.post(`/pay/transactions/${tradeType}`, (c) =>
      serveEndpoint(c, {
        call: 'create',
        outTradeNo: ({ body }) => textOf(body['out_trade_no']),
        execute: ({ merchant, body }) => createOrder(parts, merchant, tradeType, body),
      }),
    );
  }

  gateway.get('/pay/transactions/out-trade-no/:outTradeNo', (c) => {
    const outTradeNo = c.req.param('outTradeNo');
    const query = { outTradeNo, mchid: c.req.query('mchid') };
    return serveEndpoint(c, {
      call: 'query',
      outTradeNo: () => outTradeNo,
      execute: ({ merchant }) => queryOrder(parts, merchant, query),
    });
  });

  gateway.post('/pay/transactions/out-trade-no/:outTradeNo/close', (c) => {
    const outTradeNo = c.req.param('outTradeNo');
    return serveEndpoint(c, {
      call: 'close',
      outTradeNo: () => outTradeNo,
      execute: ({ merchant, body }) => closeOrder(parts, merchant, { outTradeNo, body }),
    });
  });

  gateway.post('/refund/domestic/refunds', (c) =>
    serveEndpoint(c, {
      call: 'refund',
      outTradeNo: ({ body }) => textOf(body['out_trade_no']),
      execute: ({ merchant, body }) => refunds.create(merchant, body),
    }),
  );

  gateway.get('/refund/domestic/refunds/:refundNo', (c) => {
    const refundNo = c.req.param('refundNo');
    return serveEndpoint(c, {
      call: 'queryRefund',
      outTradeNo: ({ merchant }) =>
        findRefund(platform.book, { account: merchant.mchId, refundNo })?.payment.outTradeNo,
      execute: ({ merchant }) => refunds.query(merchant, refundNo),
    });
  });

  gateway.get('/bill/tradebill', (c) => {
    const query = { date: c.req.query('bill_date') ?? '', type: c.req.query('bill_type') ?? 'ALL' };
    return serveEndpoint(c, {
      call: 'statement',
      execute: ({ merchant }) => bills.createDownload(merchant, query),
    });
  });

  // A file response is not signed; its hash was in a signed response.
  gateway.get('/billdownload/file', async (c) => {
    const request = await read(c);
    if ('refusal' in request) return reply(c, request.refusal);
    const csv = bills.download(request.merchant, c.req.query('token') ?? '');
    if (csv === undefined) return reply(c, failure('NO_STATEMENT_EXIST'), request);
    return c.body(csv, 200, { 'content-type': 'text/plain' });
  });

  gateway.get('/certificates', (c) =>
    serveEndpoint(c, {
      execute: ({ merchant }) =>
        merchant.verifiesBy === 'publicKey'
          ? failure(
              'RESOURCE_NOT_EXISTS',
              '无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥',
            )
          : success(listCertificates(keys, merchant)),
    }),
  );

  return gateway;
}

function unexecuted(activeFault: ActiveFault<CallKind> | undefined): Answer {
  if (activeFault?.kind === 'refused') {
    const { code, status = 400 } = activeFault;
    return {
      status: status as Answer['status'],
      body: JSON.stringify({ code, message: '业务错误' }),
    };
  }
  return failure(activeFault?.kind === 'rateLimited' ? 'FREQUENCY_LIMITED' : 'SYSTEM_ERROR');
}

function listCertificates(keys: PlatformKeys, { apiV3Key }: Merchant) {
  const data = keys.certificates().map(({ serial, pem, effectiveMs, expireMs }) => ({
    serial_no: serial,
    effective_time: rfc3339(effectiveMs),
    expire_time: rfc3339(expireMs),
    encrypt_certificate: encrypt(pem, apiV3Key, 'certificate'),
  }));
  return { data };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
