/** Every event a merchant can subscribe to, with what it means. */
export const eventTypes = {
  'order.created': 'An order was opened and is waiting for its payment.',
  'order.authorized': "The payer's money is held; capture it or cancel the order.",
  'order.paid': 'The provider confirmed the payment.',
  'order.closed': 'The order was closed unpaid: expired, cancelled, or closed by the provider.',
  'order.failed': 'No provider account would open the payment.',
  'order.payment_switched': 'Another payment attempt has taken the place of the one before.',
  'order.late_payment': 'Money arrived after the order was closed; it is being given back.',
  'order.duplicate_payment': 'The order was paid a second time; the later one is being given back.',
  'order.confirmed': 'You accepted the order when you were asked.',
  'order.rejected':
    'You rejected the order, or did not answer in time; its money is being given back.',
  'order.review_required':
    'The provider reported something that contradicts the order; a person must look.',
  'order.review_resolved': 'A person decided about the order in review.',
  'refund.created': 'Money is being given back.',
  'refund.succeeded': 'The provider confirmed the refund.',
  'refund.failed': 'The provider refused the refund; the amount can be refunded again.',
  'refund.needs_attention':
    'The provider took the refund on and could not carry it out; a person must act there.',
  'dispute.inquiry_opened':
    "The payer's bank asks about the payment; no money has moved, and a refund may spare the dispute.",
  'dispute.inquiry_closed': 'The inquiry ended without a dispute.',
  'dispute.opened': "The payer's bank disputes the payment and holds its money.",
  'dispute.won': 'The dispute ended in your favour.',
  'dispute.lost': 'The dispute was lost; the money is gone.',
  'reconciliation.completed':
    'A day of a provider account was compared with its statement; `counts` says how that went.',
  'endpoint.disabled':
    'An endpoint of yours answered 410, or failed for five days, and gets nothing more.',
  'endpoint.test': 'You asked for it, to see whether an endpoint hears you.',
  'message.request':
    'Somebody asks you something; answer with `POST /v1/messages/{messageId}/reply` before `replyBy`.',
  'message.reply': 'Your request was answered.',
  'message.expired': 'Your request was not answered in time.',
  'session.opened': 'A session with you was opened; say your part.',
  'session.message': 'The other side of a session said its part.',
  'session.completed': 'Both sides of a session have spoken; this is the transcript.',
  'session.expired': 'A session was not completed in time; this is what there is.',
  'group.message': 'Another member published a message in a topic of yours.',
} as const;

export type EventType = keyof typeof eventTypes;

/** True for an event of the platform's own; merchants' own have other names (`domain/event-name.ts`). */
export function isPlatformEvent(type: string): type is EventType {
  return Object.hasOwn(eventTypes, type);
}

/** `order.paid`, `order.*` or `*`. */
export const eventPattern = /^(\*|[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?)$/;

/** True when an event type is covered by one of an endpoint's patterns. */
export function matchesAny(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => matches(pattern, type));
}

function matches(pattern: string, type: string): boolean {
  if (pattern === '*' || pattern === type) return true;
  return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

export type EventEnvelope = { id: string; type: string; timestamp: string; data: unknown };

/** The body of every delivery: Standard Webhooks' recommended payload structure, with the event's id. */
export function envelopeOf({ id, type, timestamp, data }: EventEnvelope): string {
  return JSON.stringify({ id, type, timestamp, data });
}
