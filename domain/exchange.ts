import { envelopeOf } from './events.ts';
import type { Qos } from './delivery.ts';
import type { EndpointId, EventId, MerchantId, MessageId } from './ids.ts';
import { canonicalJson, refuseJson } from './json-value.ts';

export const exchangeStatuses = ['pending', 'replied', 'expired'] as const;
export type ExchangeStatus = (typeof exchangeStatuses)[number];

/** The state of a request. `reply` is the recorded JSON, null before there is one. */
export type ExchangeState = {
  status: ExchangeStatus;
  reply: string | null;
  lateReply: string | null;
  /** The deadline has passed by the database's clock, even if that is not recorded yet. */
  isOver: boolean;
};

export type ReplyDecision =
  | { kind: 'record' }
  /** Equal to the recorded reply, which is returned. */
  | { kind: 'repeat' }
  | { kind: 'contradicts' }
  /** After the deadline: refused. The first late reply is stored for people to see. */
  | { kind: 'late'; isKept: boolean };

/** Decides whether to record a reply (JSON). Exactly one reply is ever recorded, and none after the deadline. Pure. */
export function decideOnReply(exchange: ExchangeState, body: string): ReplyDecision {
  if (exchange.status === 'replied' && exchange.reply !== null) {
    return isSameJson(exchange.reply, body) ? { kind: 'repeat' } : { kind: 'contradicts' };
  }
  if (exchange.status === 'expired' || exchange.isOver) {
    return { kind: 'late', isKept: exchange.lateReply === null };
  }
  return { kind: 'record' };
}

/** True if two JSON texts have the same value, whatever the order of fields. */
export function isSameJson(a: string, b: string): boolean {
  return a === b || canonicalJson(JSON.parse(a)) === canonicalJson(JSON.parse(b));
}

/** A request as stored. Texts named `body` and `reply` are JSON. */
export type ExchangeRow = {
  id: MessageId;
  merchantId: MerchantId;
  messageKey: string | null;
  toMerchantId: MerchantId;
  toEndpointId: EndpointId | null;
  subject: string;
  body: string;
  qos: Qos;
  status: ExchangeStatus;
  reply: string | null;
  replyVia: 'answer' | 'post' | null;
  repliedAt: Date | null;
  lateReply: string | null;
  expiresAt: Date;
  createdAt: Date;
};

/** A request as both sides see it, over HTTP and in events. */
export function exchangeSnapshotOf(row: ExchangeRow) {
  return {
    id: row.id,
    object: 'message' as const,
    pattern: 'request' as const,
    from: row.merchantId,
    to: row.toEndpointId ?? row.toMerchantId,
    messageKey: isOfRequest(row.messageKey) ? null : row.messageKey,
    subject: row.subject,
    qos: row.qos,
    status: row.status,
    body: JSON.parse(row.body) as unknown,
    reply: row.reply === null ? null : replyOf(row.reply, row),
    lateReply: row.lateReply === null ? null : { body: JSON.parse(row.lateReply) as unknown },
    replyBy: row.expiresAt.toISOString(),
    createdAt: row.createdAt.toISOString(),
  };
}

/** Prefixes a key derived from an Idempotency-Key. Senders' own keys never contain this character. */
export const requestKeyMark = '\u001f';

const isOfRequest = (key: string | null) => key?.startsWith(requestKeyMark) ?? false;

function replyOf(reply: string, { replyVia, repliedAt }: ExchangeRow) {
  return {
    body: JSON.parse(reply) as unknown,
    via: replyVia,
    repliedAt: repliedAt?.toISOString() ?? null,
  };
}

/** The event that carries a request derives its id from the request's, so every attempt has the same `webhook-id`. */
export function requestEventId({ id }: Pick<ExchangeRow, 'id'>): EventId {
  return `evt_${id.slice('msg_'.length)}`;
}

/** The envelope sent to the addressee. Built only from constant fields, so every attempt sends the same bytes. */
export function requestEnvelopeOf(row: ExchangeRow): string {
  const pending = { ...row, status: 'pending', reply: null, lateReply: null } as const;
  return envelopeOf({
    id: requestEventId(row),
    type: 'message.request',
    timestamp: row.createdAt.toISOString(),
    data: exchangeSnapshotOf(pending),
  });
}

/** The longest HTTP answer that is parsed as a reply, in characters. */
export const mostReplyChars = 64 * 1_024;

export type AnswerReading =
  /** `body` is JSON. */
  | { kind: 'reply'; body: string }
  /** The receiver accepted the request; the reply comes later, by `POST …/reply`. */
  | { kind: 'none' }
  /** The answer declares a reply that cannot be parsed: the attempt is retried. */
  | { kind: 'unreadable'; why: string };

/** Parses the reply in the 2xx answer to a request: `{"reply": …}`, declared as JSON, at most 64 kB. Pure. */
export function readAnswer(answer: {
  contentType: string | undefined;
  body: string | null;
}): AnswerReading {
  const { contentType = '', body } = answer;
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(contentType) || !body)
    return { kind: 'none' };
  if (body.length > mostReplyChars) {
    return { kind: 'unreadable', why: 'the answer has more than 64 kB' };
  }
  const parsed = jsonOf(body);
  if (parsed === undefined) return { kind: 'unreadable', why: 'the answer is not JSON' };
  if (!hasReply(parsed.value)) return { kind: 'none' };
  const problem = refuseJson(parsed.value.reply, { maxDepth: deepestBody });
  return problem
    ? { kind: 'unreadable', why: `the reply ${problem.path} ${problem.message}` }
    : { kind: 'reply', body: JSON.stringify(parsed.value.reply) };
}

/** The deepest nesting allowed in messages between participants. */
export const deepestBody = 64;

function jsonOf(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function hasReply(value: unknown): value is { reply: unknown } {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'reply');
}
