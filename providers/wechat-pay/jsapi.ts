import type { KeyObject } from 'node:crypto';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';

export type JsapiInput = { appId: string; prepayId: string; privateKey: KeyObject };

/** Signs the parameters of WeixinJSBridge's `getBrandWCPayRequest`, under WeChat's own names. */
export function signJsapiParams({ appId, prepayId, privateKey }: JsapiInput): {
  [name: string]: string;
} {
  const timeStamp = String(Formatter.timestamp());
  const nonceStr = Formatter.nonce();
  const prepay = `prepay_id=${prepayId}`;
  const text = Formatter.joinedByLineFeed(appId, timeStamp, nonceStr, prepay);
  return {
    appId,
    timeStamp,
    nonceStr,
    package: prepay,
    signType: 'RSA',
    paySign: Rsa.sign(text, privateKey),
  };
}
