import { randomBytes } from 'node:crypto';
import type { ShopAccount } from './shop.ts';

/** A stranger's "it is paid", in the provider's own dialect but for the signature. Answers the status. */
export async function forge(
  url: string,
  { provider, accountId, account }: ShopAccount,
  { outTradeNo, amountMinor }: { outTradeNo: string; amountMinor: number },
): Promise<number> {
  const signature = randomBytes(256).toString('base64');
  const seconds = Math.floor(Date.now() / 1_000);
  const { headers, body } = {
    alipay: () => ({
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        notify_id: randomBytes(17).toString('hex'),
        notify_type: 'trade_status_sync',
        app_id: account,
        out_trade_no: outTradeNo,
        trade_no: `2026${seconds}`,
        trade_status: 'TRADE_SUCCESS',
        total_amount: (amountMinor / 100).toFixed(2),
        sign_type: 'RSA2',
        sign: signature,
      }).toString(),
    }),
    'wechat-pay': () => ({
      headers: {
        'content-type': 'application/json',
        'wechatpay-timestamp': String(seconds),
        'wechatpay-nonce': randomBytes(16).toString('hex'),
        'wechatpay-serial': randomBytes(20).toString('hex').toUpperCase(),
        'wechatpay-signature': signature,
      },
      body: JSON.stringify({
        id: randomBytes(16).toString('hex'),
        event_type: 'TRANSACTION.SUCCESS',
        resource: { ciphertext: signature, nonce: 'forged-nonce', associated_data: outTradeNo },
      }),
    }),
    stripe: () => ({
      headers: {
        'content-type': 'application/json',
        'stripe-signature': `t=${seconds},v1=${randomBytes(32).toString('hex')}`,
      },
      body: JSON.stringify({
        id: `evt_${seconds}`,
        object: 'event',
        type: 'payment_intent.succeeded',
        data: { object: { object: 'payment_intent', metadata: { out_trade_no: outTradeNo } } },
      }),
    }),
  }[provider]();
  const response = await fetch(`${url}/providers/${accountId}/notifications`, {
    method: 'POST',
    headers,
    body,
  }).catch(() => undefined);
  await response?.text();
  return response?.status ?? 599;
}
