import { createPublicKey } from 'node:crypto';
import type { Provider } from '../provider.ts';
import { createApi } from './api.ts';
import { createPayment } from './create-payment.ts';
import { acknowledgeNotification, readNotification } from './notifications.ts';
import { closePayment, queryPayment, reversePayment } from './payments.ts';
import { queryRefund, refund } from './refunds.ts';
import { StrictAlipaySdk } from './sdk.ts';
import { fetchStatement } from './statement.ts';

export type AlipayConfig = {
  /** The v2 gateway, such as `https://openapi.alipay.com/gateway.do`. */
  gateway: string;
  appId: string;
  /** The seller's account (2088…); notifications and statements must name it. */
  sellerId: string;
  /** The application's private key: PEM, PKCS8. */
  privateKey: string;
  /** Alipay's public key, not the application's: PEM, SPKI. */
  alipayPublicKey: string;
  /** For a whole call, ms. */
  timeoutMs?: number;
};

/** The client of Alipay's v2 gateway: payments by QR code, on Alipay's web page, and on its mobile page. */
export function createAlipay(config: AlipayConfig): Provider {
  const { gateway, appId, sellerId, privateKey, alipayPublicKey, timeoutMs = 10_000 } = config;
  const alipayKey = createPublicKey(alipayPublicKey);
  const sdk = new StrictAlipaySdk({ gateway, appId, privateKey, alipayPublicKey, timeoutMs });
  const api = createApi(sdk);
  return {
    name: 'alipay',
    createPayment: (input) => createPayment(api, input),
    queryPayment: (payment) => queryPayment(api, payment),
    closePayment: (payment) => closePayment(api, payment),
    reversePayment: (payment) => reversePayment(api, payment),
    refund: (input) => refund(api, input),
    queryRefund: (ref) => queryRefund(api, ref),
    fetchStatement: ({ date }) => fetchStatement(api, { date, sellerId }),
    parseNotification: async ({ rawBody }) => readNotification(rawBody, alipayKey),
    acknowledge: acknowledgeNotification,
    expectedBinding: ({ outTradeNo }) => ({ appId, sellerId, outTradeNo }),
  };
}
