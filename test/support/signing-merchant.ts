import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { insertProviderAccount } from '../../db/queries/provider-accounts.ts';
import { createSealer } from '../../db/sealed.ts';
import type { AccountId } from '../../domain/ids.ts';
import { createKey, createMerchant } from '../../cli/open-account.ts';
import { apiClient } from './api-client.ts';
import { newOrder } from './orders.ts';
import type { OrderBody } from './orders.ts';
import type { TestMerchant, World } from './world.ts';

export type Fields = Record<string, string>;

export type SigningMerchant = TestMerchant & {
  accountId: AccountId;
  sellerId: string;
  /** Opens an order; its provider never answers, so only notifications move it. */
  openOrder(fields?: Record<string, unknown>): Promise<OrderBody>;
  /** The fields of a notification that the order was paid. */
  paidFields(order: OrderBody, changes?: Fields): Fields;
  /** Signed as Alipay would, unless another key or algorithm is given. */
  signedBody(fields: Fields, options?: { key?: KeyObject; algorithm?: string }): string;
  /** Posts a notification to this merchant's account, as a provider would. */
  post(rawBody: string): Promise<{ status: number; text: string }>;
};

// Nothing listens there.
const deadGateway = 'http://127.0.0.1:9/gateway.do';

/** A merchant whose Alipay is this test: it holds the key that notifications are signed with. */
export async function newSigningMerchant(world: World): Promise<SigningMerchant> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const digits = () => String(BigInt(`0x${randomBytes(6).toString('hex')}`)).padStart(15, '0');
  const appId = `2021${digits()}`;
  const sellerId = `2088${digits()}`;
  const { merchantId } = await createMerchant(world.db, { name: 'Signing' });
  const { key } = await createKey(world.db, { merchantId, expiresAt: null });
  const { id: accountId } = await insertProviderAccount(
    { db: world.db, sealer: createSealer(world.config.secretKeys) },
    {
      merchantId,
      provider: 'alipay',
      settings: {
        gateway: deadGateway,
        appId,
        sellerId,
        alipayPublicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
      },
      credentials: { privateKey: String(privateKey.export({ type: 'pkcs8', format: 'pem' })) },
    },
  );
  const api = apiClient({ url: world.url, key });
  return {
    merchantId,
    key,
    sellerId,
    accountId,
    api,
    accounts: [{ accountId, provider: 'alipay', account: appId }],
    async openOrder(fields = {}) {
      const { status, body, text } = await api<OrderBody>('POST', '/v1/orders', {
        body: newOrder(fields),
        headers: { prefer: 'respond-async' },
      });
      if (status !== 202) throw new Error(`POST /v1/orders answered ${status}: ${text}`);
      return body;
    },
    paidFields: (order, changes = {}) => ({
      notify_time: '2026-11-22 17:30:00',
      notify_type: 'trade_status_sync',
      notify_id: randomBytes(16).toString('hex'),
      app_id: appId,
      auth_app_id: appId,
      charset: 'utf-8',
      version: '1.0',
      trade_no: `20261122220014${order.payments[0]?.outTradeNo.length}${digits()}`,
      out_trade_no: order.payments[0]?.outTradeNo ?? '',
      buyer_id: '2088102146225135',
      seller_id: sellerId,
      trade_status: 'TRADE_SUCCESS',
      total_amount: '12.50',
      receipt_amount: '12.50',
      subject: 'One cup of tea',
      gmt_payment: '2026-11-22 17:29:59',
      ...changes,
    }),
    signedBody: (fields, options = {}) => {
      const { key: signingKey = privateKey, algorithm = 'RSA-SHA256' } = options;
      const text = Object.entries(fields)
        .filter(([, value]) => value !== '')
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}=${value}`)
        .join('&');
      const signature = sign(algorithm, Buffer.from(text), signingKey).toString('base64');
      return new URLSearchParams({ ...fields, sign_type: 'RSA2', sign: signature }).toString();
    },
    async post(rawBody) {
      const response = await fetch(`${world.url}/providers/${accountId}/notifications`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: rawBody,
      });
      return { status: response.status, text: await response.text() };
    },
  };
}
