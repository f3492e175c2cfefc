import { HTTP } from 'cloudevents';
import { cloudEventOf, eventFromAttributes } from './cloudevents-attributes.ts';
import { isPlainObject } from './format.ts';
import type { Format } from './format.ts';
import { parseJson, Refusal, refusalsAsData, textOf } from './incoming.ts';

/** CloudEvents 1.0 in structured mode: one JSON object; decoding also accepts a batch. */
export const cloudEvents: Format = {
  encode: (event) => ({
    contentType: 'application/cloudevents+json; charset=utf-8',
    headers: {},
    body: String(HTTP.structured(cloudEventOf(event)).body),
  }),
  decode: ({ contentType, body }) =>
    refusalsAsData(() => {
      const value = parseJson(textOf(body));
      if (!contentType.toLowerCase().startsWith('application/cloudevents-batch')) {
        return [read(value, '')];
      }
      if (!Array.isArray(value)) throw new Refusal('must be an array of CloudEvents');
      return value.map((event: unknown, i) => read(event, `/${i}`));
    }),
};

function read(value: unknown, at: string) {
  if (!isPlainObject(value)) throw new Refusal('must be a CloudEvent', at);
  return eventFromAttributes(value, at);
}
