import { isPlainObject } from '../format/format.ts';
import type { ParsedEvent } from '../format/format.ts';
import type { EventEnvelope } from '../../domain/events.ts';
import type { Endpoint } from '../../db/queries/endpoints.ts';
import type { OutgoingDelivery } from '../../db/queries/select-outgoing.ts';
import { formats } from '../format/index.ts';
import { userAgent } from './send.ts';

/**
 * One event in an endpoint's format. `headers` are complete; `webhook-timestamp` and `webhook-signature` are empty
 * until an attempt signs it.
 */
export type Composed = { contentType: string; headers: Record<string, string>; body: string };

type Settings = Pick<Endpoint, 'format' | 'payload' | 'payloadVersion'>;
type Event = Pick<OutgoingDelivery, 'eventId' | 'resourceId' | 'body'>;

export type Composer = (event: Event) => Composed;

/**
 * Creates the function that turns events into an endpoint's requests, for many events. `own` are the headers of every
 * request there, such as the merchant's. Full JSON is sent as stored, byte for byte, without parsing.
 */
export function composerFor(
  { format, payload, payloadVersion }: Settings,
  own: Readonly<Record<string, string>>,
): Composer {
  // Contains every name from the start: adding three names to an object costs forty times as much as copying it.
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

/** Safe, because `envelopeOf` wrote every stored body. */
function parse({ body, resourceId }: Event): ParsedEvent {
  return { ...(JSON.parse(body) as EventEnvelope), resourceId };
}

/** The resource's id and type, for a receiver that fetches it: nothing confidential in transit. */
function idsOf({ data, resourceId }: ParsedEvent): { id: string; object?: string } {
  const object = isPlainObject(data) ? data['object'] : undefined;
  return { id: resourceId, ...(typeof object === 'string' && { object }) };
}
