/** Every event a merchant can subscribe to, with what it means. */
export const eventTypes = {
  'order.created': 'An order was opened and is waiting for its payment.',
  'order.paid': 'The provider confirmed the payment of the full amount.',
  'order.closed': 'The order was closed unpaid: expired, cancelled, or closed by the provider.',
  'order.failed': 'The provider refused to open the payment.',
  'order.review_required':
    'The provider reported something that contradicts the order; a person must look.',
} as const;

export type EventType = keyof typeof eventTypes;

/** `order.paid`, `order.*` or `*`. */
export const eventPattern = /^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$/;

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
