import { createPublicKey } from 'node:crypto';
import { toDecimal } from '../../domain/money.ts';
import type {
  ClosePaymentResult,
  CreatePaymentInput,
  CreatePaymentResult,
  Provider,
  QueryPaymentResult,
} from '../provider.ts';
import {
  bareSubCode,
  faultOfAnswer,
  faultOfThrown,
  isSuccess,
  refusalOfAnswer,
  unreadable,
} from './errors.ts';
import { acknowledgeNotification, readNotification } from './notifications.ts';
import { StrictAlipaySdk } from './sdk.ts';
import { alipayCurrency, reportOfTrade } from './status.ts';
import { toAlipayTime } from './time.ts';

export type AlipayConfig = {
  /** The v2 gateway, such as `https://openapi.alipay.com/gateway.do`. */
  gateway: string;
  appId: string;
  /** The seller's account (2088…); notifications must be for it. */
  sellerId: string;
  /** The application's private key: PEM, PKCS8. */
  privateKey: string;
  /** Alipay's public key, not the application's: PEM, SPKI. */
  alipayPublicKey: string;
  /** For each of connecting, the answer's head, and its body. */
  timeoutMs?: number;
};

/** Alipay by QR code: `alipay.trade.precreate`, `.query`, `.close` of the v2 gateway. */
export function createAlipay(config: AlipayConfig): Provider {
  const { gateway, appId, sellerId, privateKey, alipayPublicKey, timeoutMs = 5000 } = config;
  const alipayKey = createPublicKey(alipayPublicKey);
  const sdk = new StrictAlipaySdk({ gateway, appId, privateKey, alipayPublicKey, timeoutMs });
  const call: Call = async (method, bizContent, common) => {
    try {
      const params = { timestamp: toAlipayTime(Date.now()), ...common, bizContent };
      return await sdk.exec(method, params, { validateSign: true });
    } catch (error) {
      throw faultOfThrown(error);
    }
  };
  return {
    name: 'alipay',
    createPayment: (input) => createPayment(call, input),
    queryPayment: (input) => queryPayment(call, input),
    closePayment: (input) => closePayment(call, input),
    parseNotification: async ({ rawBody }) => readNotification(rawBody, alipayKey),
    acknowledge: acknowledgeNotification,
    expectedBinding: ({ outTradeNo }) => ({ appId, sellerId, outTradeNo }),
  };
}

type Call = (
  method: string,
  bizContent: Record<string, string>,
  common?: { notifyUrl: string },
) => Promise<Answer>;

/** Fields beyond the common four differ by method, and none of them is sure to be there. */
type Answer = {
  code: string;
  msg?: string;
  sub_code?: string;
  sub_msg?: string;
  [field: string]: unknown;
};

async function createPayment(call: Call, input: CreatePaymentInput): Promise<CreatePaymentResult> {
  const { outTradeNo, amountMinor, currency, subject, expiresAt, notifyUrl } = input;
  if (currency !== alipayCurrency.code) {
    return {
      kind: 'declined',
      code: 'CURRENCY_NOT_SUPPORTED',
      message: `Alipay takes CNY, not ${currency}`,
    };
  }
  const bizContent = {
    out_trade_no: outTradeNo,
    total_amount: toDecimal(amountMinor, alipayCurrency.exponent),
    subject: plainSubject(subject),
    // Absolute, because `timeout_express` counts from the scan and would let the code outlive the order.
    time_expire: toAlipayTime(Date.parse(expiresAt)),
  };
  const answer = await call('alipay.trade.precreate', bizContent, { notifyUrl });
  if (isSuccess(answer)) {
    assertAbout(answer, outTradeNo);
    return { kind: 'created', nextAction: { kind: 'qr', content: requireText(answer, 'qr_code') } };
  }
  const refusal = refusalOfAnswer(answer);
  if (refusal) return refusal;
  throw faultOfAnswer(answer);
}

async function queryPayment(
  call: Call,
  { outTradeNo }: { outTradeNo: string },
): Promise<QueryPaymentResult> {
  const answer = await call('alipay.trade.query', { out_trade_no: outTradeNo });
  if (!isSuccess(answer)) {
    if (bareSubCode(answer) === 'TRADE_NOT_EXIST')
      return { kind: 'reported', report: { status: 'absent' } };
    throw faultOfAnswer(answer);
  }
  assertAbout(answer, outTradeNo);
  const report = reportOfTrade({
    tradeStatus: requireText(answer, 'trade_status'),
    tradeNo: textOf(answer, 'trade_no'),
    totalAmount: textOf(answer, 'total_amount'),
    paidAt: textOf(answer, 'send_pay_date'),
  });
  if (!report) throw unreadable('the answer says paid, but not how much or by which trade');
  return { kind: 'reported', report };
}

async function closePayment(
  call: Call,
  { outTradeNo }: { outTradeNo: string },
): Promise<ClosePaymentResult> {
  const answer = await call('alipay.trade.close', { out_trade_no: outTradeNo });
  if (isSuccess(answer)) {
    // The only answer in which their documentation makes our number optional.
    if (answer['out_trade_no'] !== undefined) assertAbout(answer, outTradeNo);
    return { kind: 'closed' };
  }
  switch (bareSubCode(answer)) {
    case 'TRADE_HAS_CLOSE':
      return { kind: 'closed' };
    case 'TRADE_NOT_EXIST':
      return { kind: 'absent' };
    case 'TRADE_HAS_SUCCESS':
    case 'TRADE_STATUS_ERROR':
    case 'REASON_TRADE_STATUS_INVALID':
      return { kind: 'paid' };
    default:
      throw faultOfAnswer(answer);
  }
}

/**
 * `/`, `=` and `&` are not allowed in a subject. They would also come back unescaped in signed text,
 * where `&name=` reads as another field.
 */
function plainSubject(subject: string): string {
  return Array.from(subject.replaceAll(/[/=&]/g, ' ')).slice(0, 256).join('');
}

/** A signed answer can be an old one, replayed: it must be about the trade that was asked for. */
function assertAbout(answer: Answer, outTradeNo: string): void {
  if (answer['out_trade_no'] !== outTradeNo) throw unreadable('the answer is about another trade');
}

function requireText(answer: Answer, field: string): string {
  const text = textOf(answer, field);
  if (!text) throw unreadable(`the answer has no ${field}`);
  return text;
}

function textOf(answer: Answer, field: string): string | undefined {
  const value = answer[field];
  return typeof value === 'string' ? value : undefined;
}
