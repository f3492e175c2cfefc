import { envelopeOf } from './events.ts';
import type { Qos } from './delivery.ts';
import type { EndpointId, EventId, MerchantId, MessageId } from './ids.ts';
import { canonicalJson, refuseJson } from './json-value.ts';

export const exchangeStatuses = ['pending', 'replied', 'expired'] as const;
export type ExchangeStatus = (typeof exchangeStatuses)[number];

/** A request and what became of it. `reply` is the JSON that was recorded, null before. */
export type ExchangeState = {
  status: ExchangeStatus;
  reply: string | null;
  lateReply: string | null;
  /** The deadline has passed by the database's clock, whether or not that is recorded yet. */
  isOver: boolean;
};

export type ReplyDecision =
  | { kind: 'record' }
  /** The same as the reply there is: answered with it. */
  | { kind: 'repeat' }
  | { kind: 'contradicts' }
  /** After the deadline: the first such is kept for people to see, and all are refused. */
  | { kind: 'late'; isKept: boolean };

/** Decides about one reply, JSON. Exactly one is ever recorded, and none after the deadline. Pure. */
export function decideOnReply(exchange: ExchangeState, body: string): ReplyDecision {
  if (exchange.status === 'replied' && exchange.reply !== null) {
    return isSameJson(exchange.reply, body) ? { kind: 'repeat' } : { kind: 'contradicts' };
  }
  if (exchange.status === 'expired' || exchange.isOver) {
    return { kind: 'late', isKept: exchange.lateReply === null };
  }
  return { kind: 'record' };
}

/** True where two JSON texts say the same; the order of fields means nothing. */
export function isSameJson(a: string, b: string): boolean {
  return a === b || canonicalJson(JSON.parse(a)) === canonicalJson(JSON.parse(b));
}

/** A request as it lies in the database. Texts named `body` and `reply` are JSON. */
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

/** A request as its two sides see it, over HTTP and in events. */
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

/** Marks an Idempotency-Key among the senders' own keys, none of which has this character. */
export const requestKeyMark = '\u001f';

const isOfRequest = (key: string | null) => key?.startsWith(requestKeyMark) ?? false;

function replyOf(reply: string, { replyVia, repliedAt }: ExchangeRow) {
  return {
    body: JSON.parse(reply) as unknown,
    via: replyVia,
    repliedAt: repliedAt?.toISOString() ?? null,
  };
}

/** The event that carries a request has the request's own number: the same `webhook-id` at every try. */
export function requestEventId({ id }: Pick<ExchangeRow, 'id'>): EventId {
  return `evt_${id.slice('msg_'.length)}`;
}

/** The envelope that the asked side is sent: made of what never changes, so always the same bytes. */
export function requestEnvelopeOf(row: ExchangeRow): string {
  const asked = { ...row, status: 'pending', reply: null, lateReply: null } as const;
  return envelopeOf({
    id: requestEventId(row),
    type: 'message.request',
    timestamp: row.createdAt.toISOString(),
    data: exchangeSnapshotOf(asked),
  });
}

/** How much of an HTTP answer is read as a reply, in characters. */
export const mostReplyChars = 64 * 1_024;

export type AnswerReading =
  /** `body` is JSON. */
  | { kind: 'reply'; body: string }
  /** The request was taken; the reply comes later, by `POST …/reply`. */
  | { kind: 'none' }
  /** The answer means to be a reply and is none: worth another try. */
  | { kind: 'unreadable'; why: string };

/** Finds the reply in the 2xx answer to a request: `{"reply": …}`, declared as JSON, at most 64 kB. Pure. */
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

/** How deep what participants say to each other may be nested. */
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
