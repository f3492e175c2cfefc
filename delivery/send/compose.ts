import { isPlainObject } from '../format/format.ts';
import type { ParsedEvent } from '../format/format.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { formats } from '../format/index.ts';
import { userAgent } from './send.ts';

/**
 * One event as an endpoint wants it. `headers` are all that is sent; `webhook-timestamp` and
 * `webhook-signature` stand there empty until an attempt signs it.
 */
export type Composed = { contentType: string; headers: Record<string, string>; body: string };

type Settings = Pick<Endpoint, 'format' | 'payload' | 'payloadVersion'>;
type Event = Pick<OutgoingDelivery, 'eventId' | 'resourceId' | 'body'>;

export type Composer = (event: Event) => Composed;

/**
 * Makes what turns events into an endpoint's requests; once, for many events. `own` are the headers that
 * every request there has, such as the merchant's. As full JSON an event is sent as it is stored,
 * byte for byte, and is not even parsed.
 */
export function composerFor(
  { format, payload, payloadVersion }: Settings,
  own: Readonly<Record<string, string>>,
): Composer {
  // With every name in it from the start: an object that grows by three costs forty times a copy.
  const fixed: Record<string, string> = {
    'user-agent': userAgent,
    'tender-payload-version': payloadVersion,
    ...own,
    'content-type': '',
    'webhook-id': '',
    'webhook-timestamp': '',
    'webhook-signature': '',
  };
  if (format === 'json' && payload === 'full') {
    const contentType = 'application/json';
    return ({ eventId, body }) => {
      const headers = { ...fixed };
      headers['content-type'] = contentType;
      headers['webhook-id'] = eventId;
      return { contentType, headers, body };
    };
  }
  const { encode } = formats[format];
  return (event) => {
    const parsed = parse(event);
    const encoded = encode(payload === 'id' ? { ...parsed, data: idsOf(parsed) } : parsed);
    const { contentType, body } = encoded;
    const headers = {
      ...fixed,
      ...encoded.headers,
      'content-type': contentType,
      'webhook-id': event.eventId,
    };
    return { contentType, headers, body };
  };
}

/** Guaranteed by `envelopeOf`, which has written every stored body. */
function parse({ body, resourceId }: Event): ParsedEvent {
  return { ...(JSON.parse(body) as EventEnvelope), resourceId };
}

/** What an event is about, for a receiver who fetches it: nothing that must not be read on the way. */
function idsOf({ data, resourceId }: ParsedEvent): { id: string; object?: string } {
  const object = isPlainObject(data) ? data['object'] : undefined;
  return { id: resourceId, ...(typeof object === 'string' && { object }) };
}
