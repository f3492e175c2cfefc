import type { KeyObject } from 'node:crypto';
import { Formatter, Rsa } from 'wechatpay-axios-plugin';

/** An answer or a notification: both are signed alike. Header names in lower case. */
export type SignedMessage = { headers: Readonly<Record<string, string>>; rawBody: string };

export type SignatureVerdict =
  | { kind: 'signed' }
  | { kind: 'unsigned'; reason: string }
  /** Signed by a key we do not have. */
  | { kind: 'unknownSerial'; serial: string };

/** Both ways: a clock may be wrong in either. */
const toleranceSeconds = 300;

/** Put before the signatures of probes, which see whether a merchant verifies at all. */
const probePrefix = 'WECHATPAY/SIGNTEST/';

/**
 * Verifies `timestamp\nnonce\nbody\n` under the key its serial names.
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
  // Digits only: the SDK's own check lets a timestamp through that is no number.
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
