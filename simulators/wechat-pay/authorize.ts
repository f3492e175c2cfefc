import type { Book } from '../kit/book.ts';
import { findMerchant } from './account.ts';
import type { Merchant } from './account.ts';
import { failure } from './answers.ts';
import type { Answer } from './answers.ts';
import { isSigned, nowSeconds } from './signing.ts';

const schema = 'WECHATPAY2-SHA256-RSA2048 ';
const toleranceSeconds = 300;

export type SignedRequest = {
  method: string;
  /** The path with its query, as sent. */
  path: string;
  body: string;
  authorization: string;
};

/** `Authorization: WECHATPAY2-SHA256-RSA2048 mchid="",serial_no="",timestamp="",nonce_str="",signature=""` */
export function authorize(
  book: Book,
  { method, path, body, authorization }: SignedRequest,
): { merchant: Merchant } | { refusal: Answer } {
  if (!authorization.startsWith(schema)) return refuse('Authorization不合法');
  const fields = readFields(authorization.slice(schema.length));
  const field = (name: string) => fields.get(name) ?? '';
  const timestamp = field('timestamp');
  const isFresh =
    /^\d+$/.test(timestamp) && Math.abs(nowSeconds() - Number(timestamp)) <= toleranceSeconds;
  if (!isFresh) return refuse('Http头Authorization中的timestamp与发起请求的时间不得超过5分钟');
  const nonce = field('nonce_str');
  if (!/^[0-9A-Za-z]{1,32}$/.test(nonce)) return refuse('nonce_str不合法');
  const merchant = findMerchant(book, field('mchid'));
  if (!merchant) return { refusal: failure('MCH_NOT_EXISTS') };
  if (field('serial_no') !== merchant.serialNo) return refuse('商户证书序列号有误');
  const text = `${method}\n${path}\n${timestamp}\n${nonce}\n${body}\n`;
  const isGenuine = isSigned(text, merchant.publicKey, field('signature'));
  return isGenuine ? { merchant } : refuse('签名错误,验签失败');
}

function readFields(text: string): Map<string, string> {
  const pairs = text.matchAll(/([a-z_]+)="([^"]*)"/g);
  return new Map([...pairs].map(([, name = '', value = '']) => [name, value]));
}

function refuse(detail: string): { refusal: Answer } {
  return { refusal: failure('SIGN_ERROR', detail) };
}
