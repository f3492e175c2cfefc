import { createPrivateKey, createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { ProviderFault } from '../faults.ts';
import type {
  ClosePaymentResult,
  CreatePaymentInput,
  CreatePaymentResult,
  Provider,
  QueryPaymentResult,
  Refusal,
} from '../provider.ts';
import { createApi, read } from './api.ts';
import type { Api } from './api.ts';
import { closeCodes, createCodes, queryCodes } from './codes.ts';
import { bareCode, faultOfError, refusalOf, unreadable } from './errors.ts';
import { signJsapiParams } from './jsapi.ts';
import { acknowledgeNotification, readNotification } from './notifications.ts';
import { queryRefund, refund } from './refunds.ts';
import { fetchStatement } from './statement.ts';
import { reportOfTransaction, transactionSchema, wechatPayCurrency } from './status.ts';
import { plainText } from './text.ts';
import { toWechatTime } from './time.ts';

export type WechatPayConfig = {
  /** Such as `https://api.mch.weixin.qq.com`. */
  apiUrl: string;
  appId: string;
  mchId: string;
  /** Serial number of our own certificate. */
  serialNo: string;
  /** Our own private key: PEM, PKCS8. */
  privateKey: string;
  /** 32 bytes, set in the portal. */
  apiV3Key: string;
  /** WeChat Pay's public keys by `PUB_KEY_ID_…`: PEM, SPKI. Certificates are fetched. */
  wechatPayPublicKeys?: Readonly<Record<string, string>>;
  timeoutMs?: number;
};

/**
 * The client of WeChat Pay's API v3 for direct merchants: QR code (Native), inside WeChat (JSAPI), mobile browsers
 * (H5).
 */
export function createWechatPay(config: WechatPayConfig): Provider {
  const { apiUrl, appId, mchId, serialNo, apiV3Key } = config;
  const { wechatPayPublicKeys = {}, timeoutMs = 10_000 } = config;
  if (Buffer.byteLength(apiV3Key) !== 32) throw new Error('the apiV3Key must have 32 bytes');
  const publicKeys = new Map(
    Object.entries(wechatPayPublicKeys).map(([serial, pem]) => [
      serial,
      readKey('wechatPayPublicKey', () => createPublicKey(pem)),
    ]),
  );
  const privateKey = readKey('privateKey', () => createPrivateKey(config.privateKey));
  const api = createApi({
    apiUrl,
    mchId,
    serialNo,
    privateKey,
    apiV3Key,
    publicKeys,
    timeoutMs,
  });
  const merchant: Merchant = {
    api,
    appId,
    mchId,
    signJsapi: (prepayId) => signJsapiParams({ appId, prepayId, privateKey }),
  };
  return {
    name: 'wechat-pay',
    createPayment: (input) => createPayment(merchant, input),
    queryPayment: (payment) => queryPayment(merchant, payment),
    closePayment: (payment) => closePayment(merchant, payment),
    refund: (input) => refund(api, input),
    queryRefund: (ref) => queryRefund(api, ref),
    fetchStatement: ({ date }) => fetchStatement(api, { date, mchId }),
    parseNotification: (raw) => readNotification(raw, { keys: api.keys, apiV3Key, appId }),
    acknowledge: acknowledgeNotification,
    expectedBinding: ({ outTradeNo }) => ({ appId, sellerId: mchId, outTradeNo }),
  };
}

function readKey<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`'${field}' is not a readable PEM key`, { cause: error });
  }
}

type Merchant = {
  api: Api;
  appId: string;
  mchId: string;
  signJsapi(prepayId: string): Record<string, string>;
};

async function createPayment(
  merchant: Merchant,
  input: CreatePaymentInput,
): Promise<CreatePaymentResult> {
  const { currency } = input;
  if (currency !== wechatPayCurrency.code) {
    return declined('CURRENCY_NOT_SUPPORTED', `WeChat Pay accepts CNY, not ${currency}`);
  }
  switch (input.method) {
    case 'wechat-pay.native': {
      const answer = await create(merchant, 'native', input, {});
      if ('kind' in answer) return answer;
      const { code_url: content } = read(z.object({ code_url: z.string().min(1) }), answer.body);
      return { kind: 'created', nextAction: { kind: 'qr', content }, providerRef: null };
    }
    case 'wechat-pay.jsapi': {
      const openid = input.payer.providerUserId;
      if (!openid) return declined('PAYER_UNKNOWN', "JSAPI needs the payer's openid");
      const answer = await create(merchant, 'jsapi', input, { payer: { openid } });
      if ('kind' in answer) return answer;
      const { prepay_id: prepayId } = read(z.object({ prepay_id: z.string().min(1) }), answer.body);
      const params = merchant.signJsapi(prepayId);
      return { kind: 'created', nextAction: { kind: 'jsapi', params }, providerRef: prepayId };
    }
    case 'wechat-pay.h5': {
      const { ip } = input.payer;
      if (!ip) return declined('PAYER_UNKNOWN', "H5 needs the payer's address");
      const scene = { scene_info: { payer_client_ip: ip, h5_info: { type: 'Wap' } } };
      const answer = await create(merchant, 'h5', input, scene);
      if ('kind' in answer) return answer;
      const { h5_url: h5Url } = read(z.object({ h5_url: z.url() }), answer.body);
      const url = withRedirect(h5Url, input.returnUrl);
      return { kind: 'created', nextAction: { kind: 'redirect', url }, providerRef: null };
    }
    default:
      throw new ProviderFault('misconfigured', 'NO_SUCH_METHOD', `no method ${input.method}`);
  }
}

/** https://pay.weixin.qq.com/doc/v3/merchant/4012791877 */
async function create(
  { api, appId, mchId }: Merchant,
  tradeType: 'native' | 'jsapi' | 'h5',
  input: CreatePaymentInput,
  extra: Record<string, unknown>,
): Promise<{ body: unknown } | Refusal> {
  const { outTradeNo, amountMinor, currency, subject, expiresAt, notifyUrl } = input;
  const answer = await api.post(`/v3/pay/transactions/${tradeType}`, {
    appid: appId,
    mchid: mchId,
    description: plainText(subject, { maxBytes: 127 }),
    out_trade_no: outTradeNo,
    time_expire: toWechatTime(Date.parse(expiresAt)),
    notify_url: notifyUrl,
    amount: { total: amountMinor, currency },
    ...extra,
  });
  if (answer.kind === 'ok') return { body: answer.body };
  const { error } = answer;
  // WeChat reports an expired payment period with the same code as our own mistakes.
  const isOver = Date.parse(expiresAt) <= Date.now();
  if (isOver && bareCode(error) === 'PARAMERROR') return declined(error.code, error.message);
  return refusalOf(error, createCodes);
}

async function queryPayment(
  { api, appId, mchId }: Merchant,
  { outTradeNo }: { outTradeNo: string },
): Promise<QueryPaymentResult> {
  const answer = await api.get(`${pathOf(outTradeNo)}?mchid=${encodeURIComponent(mchId)}`);
  if (answer.kind === 'error') {
    if (bareCode(answer.error) === 'ORDERNOTEXIST') {
      return { kind: 'reported', report: { status: 'absent' } };
    }
    throw faultOfError(answer.error, queryCodes);
  }
  const transaction = read(transactionSchema, answer.body);
  // A signed answer may be a replayed old one: it must be about the queried order.
  const isAboutIt =
    transaction.out_trade_no === outTradeNo &&
    transaction.mchid === mchId &&
    transaction.appid === appId;
  if (!isAboutIt) throw unreadable('the answer is about another order');
  const report = reportOfTransaction(transaction);
  if (!report) throw unreadable('the answer reports a payment without its amount or transaction');
  return { kind: 'reported', report };
}

async function closePayment(
  { api, mchId }: Merchant,
  { outTradeNo }: { outTradeNo: string },
): Promise<ClosePaymentResult> {
  const answer = await api.post(`${pathOf(outTradeNo)}/close`, { mchid: mchId });
  if (answer.kind === 'ok') return { kind: 'closed' };
  switch (bareCode(answer.error)) {
    case 'ORDERCLOSED':
      return { kind: 'closed' };
    case 'ORDERNOTEXIST':
      return { kind: 'absent' };
    case 'ORDERPAID':
      return { kind: 'paid' };
    default:
      throw faultOfError(answer.error, closeCodes);
  }
}

function pathOf(outTradeNo: string): string {
  return `/v3/pay/transactions/out-trade-no/${encodeURIComponent(outTradeNo)}`;
}

/** Where WeChat redirects the payer afterwards. */
function withRedirect(h5Url: string, returnUrl: string): string {
  const separator = h5Url.includes('?') ? '&' : '?';
  return `${h5Url}${separator}redirect_url=${encodeURIComponent(returnUrl)}`;
}

function declined(code: string, message: string): Refusal {
  return { kind: 'declined', code, message };
}
