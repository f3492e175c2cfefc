/** The prefix of each kind of record. An id is `<prefix>_<26 characters>` and sorts by creation time. */
export const idPrefixes = {
  merchant: 'mer',
  apiKey: 'key',
  account: 'acc',
  endpoint: 'ep',
  order: 'ord',
  payment: 'pay',
  refund: 're',
  dispute: 'dp',
  reconciliation: 'rec',
  difference: 'dif',
  audit: 'aud',
  notification: 'ntf',
  event: 'evt',
  attempt: 'att',
  replay: 'rpl',
  message: 'msg',
  session: 'ses',
  topic: 'top',
  portalLink: 'plk',
} as const;

export type IdKind = keyof typeof idPrefixes;
export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}`;

export type MerchantId = Id<'merchant'>;
export type AccountId = Id<'account'>;
export type EndpointId = Id<'endpoint'>;
export type OrderId = Id<'order'>;
export type PaymentId = Id<'payment'>;
export type RefundId = Id<'refund'>;
export type DisputeId = Id<'dispute'>;
export type ReconciliationId = Id<'reconciliation'>;
export type DifferenceId = Id<'difference'>;
export type NotificationId = Id<'notification'>;
export type EventId = Id<'event'>;
export type ReplayId = Id<'replay'>;
export type MessageId = Id<'message'>;
export type SessionId = Id<'session'>;
export type TopicId = Id<'topic'>;
export type PortalLinkId = Id<'portalLink'>;

// Crockford's alphabet has no i, l, o, u, so an id can be read out over the telephone.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const bodyPattern = /^[0-9a-hjkmnp-tv-z]{26}$/;

/** Encodes a time and 80 random bits as a 26-character ULID body (https://github.com/ulid/spec). */
export function encodeIdBody(timeMs: number, random: Uint8Array): string {
  let body = '';
  for (let rest = timeMs, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) {
    body = alphabet[rest % 32] + body;
  }
  for (let bits = 0, held = 0, i = 0; i < 10; i++) {
    held = (held << 8) | random[i]!;
    for (bits += 8; bits >= 5; bits -= 5) body += alphabet[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return body;
}

/** A new id of the given kind. Not for workflow code, which gets its ids as input. */
export function newId<K extends IdKind>(kind: K): Id<K> {
  return `${idPrefixes[kind]}_${encodeIdBody(Date.now(), nextRandomBytes())}`;
}

const randomBytesEach = 10;
let pool = new Uint8Array(0);
let poolOffset = 0;

/** Ten random bytes, each used once. They come from a pool because one system call per id costs more than the id. */
function nextRandomBytes(): Uint8Array {
  if (poolOffset + randomBytesEach > pool.length) {
    pool = crypto.getRandomValues(new Uint8Array(randomBytesEach * 400));
    poolOffset = 0;
  }
  poolOffset += randomBytesEach;
  return pool.subarray(poolOffset - randomBytesEach, poolOffset);
}

/** True for a well-formed id of the given kind, whether or not the record exists. */
export function isId<K extends IdKind>(kind: K, value: string): value is Id<K> {
  const prefix = `${idPrefixes[kind]}_`;
  return value.startsWith(prefix) && bodyPattern.test(value.slice(prefix.length));
}

/**
 * Our number for a payment or a refund at its provider: the id's body, 26 characters of `[0-9a-z]`,
 * inside the common subset of all providers (8-32 of `[A-Za-z0-9]`, shared by Alipay, WeChat Pay and
 * Stripe).
 */
export function outTradeNoOf(id: PaymentId | RefundId): string {
  return id.slice(id.indexOf('_') + 1);
}
