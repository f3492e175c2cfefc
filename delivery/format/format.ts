import type { EventEnvelope } from '../../domain/events.ts';

/** An event on its way out: its envelope, parsed, and what it is about. */
export type ParsedEvent = EventEnvelope & { resourceId: string };

/** One event as one request. `headers` are the format's own, besides the content type. */
export type Encoded = {
  contentType: string;
  headers: Readonly<Record<string, string>>;
  body: string;
};

/** A request with events in it. The names of `headers` are in lower case, as Node gives them. */
export type IncomingMessage = {
  contentType: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
};

/** An event that a publisher sent, in whatever format; not yet judged by its type's rules. */
export type IncomingEvent = {
  type: string;
  data: unknown;
  /** The publisher's own key for it. */
  id?: string;
  resourceId?: string;
  /** As it was sent: ISO 8601, not yet checked. */
  occurredAt?: string;
  channels?: string[];
};

export type Decoded =
  | { kind: 'decoded'; events: IncomingEvent[] }
  /** `at` is a JSON Pointer (RFC 6901) into what the message says, where one can be given. */
  | { kind: 'refused'; reason: string; at?: string };

/** Every format looks the same: what was encoded is decoded to the same event again. */
export type Format = {
  encode(event: ParsedEvent): Encoded;
  decode(message: IncomingMessage): Decoded;
};

/** Beyond this many levels a value is written as JSON, so that no reader has to be deeper than it bears. */
export const deepestLevel = 32;

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
