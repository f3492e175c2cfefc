import type { KeyObject } from 'node:crypto';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';

/** An answer or a notification; both are signed the same way. Header names in lower case. */
export type SignedMessage = { headers: Readonly<Record<string, string>>; rawBody: string };

export type SignatureVerdict =
  | { kind: 'signed' }
  | { kind: 'unsigned'; reason: string }
  /** Signed by an unknown key. */
  | { kind: 'unknownSerial'; serial: string };

/** In both directions, because either clock may be wrong. */
const toleranceSeconds = 300;

/** Prefix of the signatures of WeChat's probes, which test whether a merchant verifies at all. */
const probePrefix = 'WECHATPAY/SIGNTEST/';

/**
 * Verifies `timestamp\nnonce\nbody\n` with the key of its serial.
 * https://pay.weixin.qq.com/docs/merchant/development/interface-rules/build-verify-sign-src.html
 */
export function checkSignature(
  { headers, rawBody }: SignedMessage,
  keyOf: (serial: string) => KeyObject | undefined,
  nowMs: number,
): SignatureVerdict {
  const timestamp = headers['wechatpay-timestamp'] ?? '';
  const nonce = headers['wechatpay-nonce'];
  const serial = headers['wechatpay-serial'];
  const signature = headers['wechatpay-signature'];
  if (!timestamp || !nonce || !serial || !signature)
    return unsigned('a signature header is missing');
  if (signature.startsWith(probePrefix)) return unsigned('a probe of our verification');
  // Digits only: the SDK's own check accepts a timestamp that is no number.
  const isFresh =
    /^\d{1,12}$/.test(timestamp) &&
    Math.abs(Math.floor(nowMs / 1000) - Number(timestamp)) <= toleranceSeconds;
  if (!isFresh) return unsigned('the timestamp is too far from our clock');
  const key = keyOf(serial);
  if (!key) return { kind: 'unknownSerial', serial };
  const isSigned = Rsa.verify(Formatter.response(timestamp, nonce, rawBody), signature, key);
  return isSigned ? { kind: 'signed' } : unsigned('wrong signature');
}

function unsigned(reason: string): SignatureVerdict {
  return { kind: 'unsigned', reason };
}
