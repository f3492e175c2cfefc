/** The result of a call to an HTTP address. */
export type CallResult =
  | { kind: 'response'; statusCode: number; retryAfterMs?: number | undefined }
  | { kind: 'error'; code: string };

/** The result of one attempt to reach a merchant's endpoint. `accepted`: a broker confirmed the message. */
export type AttemptResult = CallResult | { kind: 'accepted' };

export type AttemptVerdict =
  | { kind: 'delivered' }
  /** HTTP 410: the endpoint is disabled. */
  | { kind: 'gone' }
  | { kind: 'failed'; retryAfterMs: number | undefined };

/** Standard Webhooks: only 2xx is success, 3xx is a failure, 410 disables the endpoint. */
export function judgeAttempt(result: AttemptResult): AttemptVerdict {
  if (result.kind === 'accepted') return { kind: 'delivered' };
  if (result.kind === 'error') return { kind: 'failed', retryAfterMs: undefined };
  if (result.statusCode >= 200 && result.statusCode < 300) return { kind: 'delivered' };
  if (result.statusCode === 410) return { kind: 'gone' };
  return { kind: 'failed', retryAfterMs: result.retryAfterMs };
}

/** The formats that an event can be sent in; `docs/reference/formats.md` has the mappings. */
export const deliveryFormats = [
  'json',
  'xml',
  'form',
  'cloudevents',
  'cloudevents-binary',
] as const;
export type DeliveryFormat = (typeof deliveryFormats)[number];

/**
 * A message broker that receives an endpoint's events instead of an HTTP address. `routingKey` may contain `{type}` and
 * `{resourceId}` of the event; the empty exchange routes to the queue of that name (AMQP 0-9-1, 3.1.3.1). On Kafka the
 * resource is the record's key, so that its events stay in one partition.
 */
export type Destination =
  | { kind: 'amqp'; exchange: string; routingKey: string }
  | { kind: 'kafka'; topic: string; saslMechanism: SaslMechanism };

export const saslMechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type SaslMechanism = (typeof saslMechanisms)[number];

/** The URL schemes that an endpoint's address may have, by kind of target. */
export const targetSchemes = {
  http: ['https:', 'http:'],
  amqp: ['amqps:', 'amqp:'],
  kafka: ['kafkas:', 'kafka:'],
} as const;

/** How Tender identifies itself at an endpoint, besides its signature. */
export type EndpointAuthKind = 'none' | 'basic' | 'bearer' | 'oauth2' | 'mtls';

/**
 * How often an event may reach its receiver. The platform delivers at least once; a receiver that deduplicates by the
 * constant `webhook-id` processes each event once.
 */
export const qualities = ['at_least_once', 'at_most_once'] as const;
export type Qos = (typeof qualities)[number];

export type Priority = 'high' | 'normal' | 'low';

/** Smaller goes first. */
export const priorityRank: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };
