import { createHmac, timingSafeEqual } from 'node:crypto';

export const toleranceSeconds = 300;

export type SignatureVerdict = { secret: string } | { reason: string };

/**
 * Verifies `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=…]`: HMAC-SHA256 of `t.rawBody`, one v1 for each secret during a
 * rotation. The SDK's own check accepts any time in the future and only one secret.
 * https://docs.stripe.com/webhooks#verify-manually
 */
export function verifySignature(
  rawBody: string,
  header: string,
  secrets: readonly string[],
  nowMs: number,
): SignatureVerdict {
  const parts = header.split(',').map((part) => part.trim().split('='));
  const times = parts.filter(([scheme]) => scheme === 't').map(([, value = '']) => value);
  const [time] = times;
  // With two times it would be ambiguous which one was signed.
  if (!time || times.length > 1 || !/^\d{1,12}$/.test(time)) {
    return { reason: 'Stripe-Signature is missing or does not have exactly one time' };
  }
  const signatures = parts.filter(([scheme]) => scheme === 'v1').map(([, value = '']) => value);
  const secret = secrets.find((secret) => isAmong(signatures, sign(`${time}.${rawBody}`, secret)));
  if (secret === undefined) return { reason: 'wrong signature' };
  const isFresh = Math.abs(nowMs / 1000 - Number(time)) <= toleranceSeconds;
  return isFresh ? { secret } : { reason: 'signed at a time outside the tolerance' };
}

function sign(text: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(text).digest();
}

function isAmong(signatures: readonly string[], expected: Buffer): boolean {
  return signatures.some(
    (hex) => /^[0-9a-f]{64}$/.test(hex) && timingSafeEqual(Buffer.from(hex, 'hex'), expected),
  );
}
