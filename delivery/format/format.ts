import type { EventEnvelope } from '../../domain/events.ts';

/** An outgoing event: its parsed envelope and its resource. */
export type ParsedEvent = EventEnvelope & { resourceId: string };

/** One event as one request. `headers` are the format's own, besides the content type. */
export type Encoded = {
  contentType: string;
  headers: Readonly<Record<string, string>>;
  body: string;
};

/** A request with events. Header names are in lower case, as Node gives them. */
export type IncomingMessage = {
  contentType: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
};

/** An event from a publisher, in any format; not yet checked by its type's rules. */
export type IncomingEvent = {
  type: string;
  data: unknown;
  /** The publisher's own key. */
  id?: string;
  resourceId?: string;
  /** As sent: ISO 8601, unchecked. */
  occurredAt?: string;
  channels?: string[];
};

export type Decoded =
  | { kind: 'decoded'; events: IncomingEvent[] }
  /** `at` is a JSON Pointer (RFC 6901) into the message, if there is one. */
  | { kind: 'refused'; reason: string; at?: string };

/** Every format has this shape; decoding an encoded event returns the same event. */
export type Format = {
  encode(event: ParsedEvent): Encoded;
  decode(message: IncomingMessage): Decoded;
};

/** Deeper values are written as JSON, so that no reader has to nest deeper than it can. */
export const deepestLevel = 32;

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
