/** Every event that a merchant can subscribe to, and its meaning. */
export const eventTypes = {
  'order.created': 'An order was opened and waits for its payment.',
  'order.authorized': 'The payment is authorised: capture it, or cancel the order.',
  'order.paid': 'The provider confirmed the payment.',
  'order.closed': 'The order was closed unpaid: expired, cancelled, or closed by the provider.',
  'order.failed': 'No provider account could open the payment.',
  'order.payment_switched': 'A new payment attempt replaced the earlier one.',
  'order.late_payment': 'A payment arrived after the order was closed and is being refunded.',
  'order.duplicate_payment':
    'The order was paid a second time; the later payment is being refunded.',
  'order.confirmed': 'You accepted the order when Tender asked for confirmation.',
  'order.rejected':
    'You rejected the order, or did not answer in time; its payment is being voided or refunded.',
  'order.review_required':
    'The provider reported something that contradicts the order; a person must decide.',
  'order.review_resolved': 'A person resolved the review of the order.',
  'refund.created': 'A refund was requested, or found at the provider.',
  'refund.succeeded': 'The provider confirmed the refund.',
  'refund.failed': 'The provider refused the refund; the amount can be refunded again.',
  'refund.needs_attention':
    'The provider accepted the refund and could not execute it; a person must act.',
  'dispute.inquiry_opened':
    "The payer's bank inquires about the payment; no money has moved, and a refund may avoid a dispute.",
  'dispute.inquiry_closed': 'The inquiry ended without a dispute.',
  'dispute.opened': "The payer's bank disputes the payment and holds its money.",
  'dispute.won': 'The dispute ended in your favour.',
  'dispute.lost': 'The dispute was lost; the money stays with the payer.',
  'reconciliation.completed':
    'A day of a provider account was compared with its statement; `counts` has the result.',
  'endpoint.disabled':
    'One of your endpoints answered 410, or failed for five days, and receives nothing more.',
  'endpoint.test': 'You asked for a test event.',
  'message.request':
    'Somebody sent you a request; answer with `POST /v1/messages/{messageId}/reply` before `replyBy`.',
  'message.reply': 'Your request was answered.',
  'message.expired': 'Your request was not answered in time.',
  'session.opened': 'A session with you was opened; send your message.',
  'session.message': 'The other side of a session sent its message.',
  'session.completed': 'Both sides of a session have sent their message; this is the transcript.',
  'session.expired':
    'A session expired before both sides had sent their message; these are the messages so far.',
  'group.message': 'Another member published a message in a topic of yours.',
} as const;

export type EventType = keyof typeof eventTypes;

/** True for the platform's own events; merchants' events have other names (`domain/event-name.ts`). */
export function isPlatformEvent(type: string): type is EventType {
  return Object.hasOwn(eventTypes, type);
}

/** `order.paid`, `order.*` or `*`. */
export const eventPattern = /^(\*|[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?)$/;

/**
 * True if one of an endpoint's patterns covers the event type.
 * @example matchesAny(['order.*'], 'order.paid') // true
 */
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
