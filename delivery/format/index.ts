import type { DeliveryFormat } from '../../domain/delivery.ts';
import { cloudEventsBinary } from './cloudevents-binary.ts';
import { cloudEvents } from './cloudevents.ts';
import { form } from './form.ts';
import type { Decoded, Format, IncomingMessage } from './format.ts';
import { json } from './json.ts';
import { xml } from './xml.ts';

export type { IncomingMessage } from './format.ts';

/** The formats that an event can be sent in, by their name at an endpoint. */
export const formats: Readonly<Record<DeliveryFormat, Format>> = {
  json,
  xml,
  form,
  cloudevents: cloudEvents,
  'cloudevents-binary': cloudEventsBinary,
};

const byMediaType: Readonly<Record<string, Format>> = {
  'application/json': json,
  'application/xml': xml,
  'text/xml': xml,
  'application/x-www-form-urlencoded': form,
  'application/cloudevents+json': cloudEvents,
  'application/cloudevents-batch+json': cloudEvents,
};

/** The media types that `decode` accepts. */
export const readMediaTypes: readonly string[] = Object.keys(byMediaType);

// JSON is limited by its reader; these are parsed in JavaScript, character by character.
const slowFormats = new Set([xml, form]);
const maxBytes = 1_024 * 1_024;

/** Decodes the events in a message by its content type; a message with `ce-specversion` is a binary CloudEvent. */
export function decode(message: IncomingMessage): Decoded {
  const [mediaType = '', ...parameters] = message.contentType.toLowerCase().split(';');
  const charset = parameters.find((parameter) => parameter.trim().startsWith('charset='));
  if (charset !== undefined && !/=\s*"?(utf-8|us-ascii)"?\s*$/.test(charset)) {
    return { kind: 'refused', reason: `is${charset}: send UTF-8` };
  }
  const format = formatOf(mediaType.trim(), message);
  if (format && slowFormats.has(format) && message.body.byteLength > maxBytes) {
    return { kind: 'refused', reason: `is larger than ${maxBytes} bytes` };
  }
  if (format) return format.decode(message);
  return {
    kind: 'refused',
    reason: `has an unsupported media type: ${mediaType.trim() || 'none'}`,
  };
}

function formatOf(mediaType: string, { headers }: IncomingMessage): Format | undefined {
  const isStructured = mediaType.startsWith('application/cloudevents');
  if (!isStructured && headers['ce-specversion'] !== undefined) return cloudEventsBinary;
  return Object.hasOwn(byMediaType, mediaType) ? byMediaType[mediaType] : undefined;
}
