import { HTTP } from 'cloudevents';
import { cloudEventOf, eventFromAttributes } from './cloudevents-attributes.ts';
import type { Format } from './format.ts';
import { parseJson, Refusal, refusalsAsData, textOf } from './incoming.ts';

const prefix = 'ce-';

/** CloudEvents 1.0 in binary mode: the data is the body, everything else a `ce-…` header. */
export const cloudEventsBinary: Format = {
  encode: (event) => {
    const { headers } = HTTP.binary(cloudEventOf(event));
    const own = Object.entries(headers)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name, encodeValue(String(value))]);
    return {
      contentType: 'application/json',
      headers: Object.fromEntries(own),
      // The library leaves strings and numbers as they are, which is not JSON.
      body: JSON.stringify(event.data),
    };
  },
  decode: ({ contentType, headers, body }) =>
    refusalsAsData(() => {
      const attributes: [string, unknown][] = Object.entries(headers)
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, value]) => [name.slice(prefix.length), decodeValue(name, value)]);
      return [
        eventFromAttributes({
          ...Object.fromEntries(attributes),
          datacontenttype: contentType,
          data: parseJson(textOf(body), '/data'),
        }),
      ];
    }),
};

/** CloudEvents' HTTP binding, 3.1.3.2: percent-encodes everything except printable ASCII without `"` and `%`. */
function encodeValue(value: string): string {
  return value.replaceAll(/[^\x21\x23\x24\x26-\x7e]+/g, (text) => encodeURIComponent(text));
}

function decodeValue(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new Refusal('is not percent-encoded UTF-8', `/${name}`);
  }
}
