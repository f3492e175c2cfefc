import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Payment } from '../kit/book.ts';
import { handleDetails, isHandleAlive } from '../kit/handles.ts';
import type { Platform } from '../kit/platform.ts';
import type { Merchant } from './account.ts';
import { failure, noContent, orderFailure, success } from './answers.ts';
import type { Answer } from './answers.ts';
import { dayOf } from './clock.ts';
import { describeTransaction } from './describe.ts';

export const tradeTypes = ['native', 'jsapi', 'h5'] as const;
export type TradeType = (typeof tradeTypes)[number];

/** How long an order without `time_expire` can be paid. */
const orderLifetimeMs = 2 * 3_600_000;
/** How long the payer's code or URL is valid, whatever the order's expiry. */
const handleLifetimesMs = { native: 2 * 3_600_000, jsapi: 2 * 3_600_000, h5: 5 * 60_000 };

const orderSchema = z.object({
  appid: z.string(),
  mchid: z.string(),
  description: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= 127),
  out_trade_no: z.string().regex(/^[0-9A-Za-z_\-|*]{6,32}$/),
  time_expire: z.iso.datetime({ offset: true }).optional(),
  notify_url: z.url().max(255),
  amount: z.object({
    total: z.int().positive().max(100_000_000_00),
    currency: z.literal('CNY').default('CNY'),
  }),
});

const payerSchemas = {
  native: z.object({}),
  jsapi: z.object({ payer: z.object({ openid: z.string().min(1).max(128) }) }),
  h5: z.object({
    scene_info: z.object({
      payer_client_ip: z.union([z.ipv4(), z.ipv6()]),
      h5_info: z.object({ type: z.string().min(1) }),
    }),
  }),
} as const;

export type OrderParts = { platform: Platform; publicUrl: () => string };

/** `POST /v3/pay/transactions/{native|jsapi|h5}`: repeating an order returns its code, or a new one if that has expired. */
export function createOrder(
  { platform, publicUrl }: OrderParts,
  merchant: Merchant,
  tradeType: TradeType,
  body: unknown,
): Answer {
  const order = orderSchema.safeParse(body);
  if (!order.success) return failure('PARAM_ERROR', z.prettifyError(order.error));
  const payer = payerSchemas[tradeType].safeParse(body);
  if (!payer.success) return failure('PARAM_ERROR', z.prettifyError(payer.error));
  const { appid, mchid, description, out_trade_no, time_expire, notify_url, amount } = order.data;
  if (mchid !== merchant.mchId) return failure('NO_AUTH');
  if (appid !== merchant.appId) return failure('APPID_MCHID_NOT_MATCH');
  const key = { account: mchid, outTradeNo: out_trade_no };
  const earlier = platform.find(key);
  if (earlier?.status === 'paid') return failure('ORDERPAID');
  if (earlier?.status === 'closed') return failure('ORDER_CLOSED');
  const nowMs = Date.now();
  const verdict = platform.open({
    ...key,
    providerTradeNo: null,
    method: tradeType,
    amountMinor: amount.total,
    currency: amount.currency,
    subject: description,
    terms: canonical({ tradeType, body }),
    notifyUrl: notify_url,
    capture: 'automatic',
    expiresAtMs: time_expire === undefined ? nowMs + orderLifetimeMs : Date.parse(time_expire),
    openedAtMs: nowMs,
    details: newHandle(tradeType, nowMs),
  });
  if ('refusal' in verdict) return orderFailure(verdict.refusal);
  const { payment } = verdict;
  const value = payment.details['prepayId'];
  if (!isHandleAlive(payment, { name: 'prepayId', value }, nowMs)) {
    platform.addDetails(payment, newHandle(tradeType, nowMs));
  }
  return success(handleOf(verdict.payment, tradeType, publicUrl()));
}

function newHandle(tradeType: TradeType, nowMs: number): Record<string, string> {
  const value = `wx${dayOf(nowMs)}${randomBytes(13).toString('hex')}`;
  const lifetimeMs = handleLifetimesMs[tradeType];
  return handleDetails({ name: 'prepayId', value, lifetimeMs }, nowMs);
}

/** WeChat's code URL opens WeChat; the simulator's opens the payer's page in a browser. */
function handleOf({ details }: Payment, tradeType: TradeType, publicUrl: string) {
  const prepayId = details['prepayId'] ?? '';
  const page = `${publicUrl}/pay/${prepayId}`;
  switch (tradeType) {
    case 'native':
      return { code_url: page };
    case 'jsapi':
      return { prepay_id: prepayId };
    case 'h5':
      return { h5_url: `${page}?prepay_id=${prepayId}&package=${randomBytes(4).readUInt32BE()}` };
  }
}

/** `GET …/out-trade-no/{no}?mchid=` */
export function queryOrder(
  { platform }: OrderParts,
  merchant: Merchant,
  query: { outTradeNo: string; mchid: string | undefined },
): Answer {
  if (query.mchid !== merchant.mchId) return failure('PARAM_ERROR', 'mchid');
  const payment = platform.find({ account: merchant.mchId, outTradeNo: query.outTradeNo });
  if (!payment) return failure('ORDER_NOT_EXIST');
  return success(describeTransaction(payment, merchant));
}

/** `POST …/out-trade-no/{no}/close` */
export function closeOrder(
  { platform }: OrderParts,
  merchant: Merchant,
  { outTradeNo, body }: { outTradeNo: string; body: unknown },
): Answer {
  const parsed = z.object({ mchid: z.literal(merchant.mchId) }).safeParse(body);
  if (!parsed.success) return failure('PARAM_ERROR', z.prettifyError(parsed.error));
  const payment = platform.find({ account: merchant.mchId, outTradeNo });
  if (!payment) return failure('ORDER_NOT_EXIST');
  const verdict = platform.close(payment);
  return 'refusal' in verdict ? orderFailure(verdict.refusal) : noContent;
}

/** Serializes a value independently of the order of its fields. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
