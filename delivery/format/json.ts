import { envelopeOf } from '../../domain/events.ts';
import { isPlainObject } from './format.ts';
import type { Format } from './format.ts';
import { eventFrom, parseJson, Refusal, refusalsAsData, textOf } from './incoming.ts';

/** The envelope `{ id, type, timestamp, data }` as stored; decoding also accepts `{ "events": […] }`. */
export const json: Format = {
  encode: (event) => ({ contentType: 'application/json', headers: {}, body: envelopeOf(event) }),
  decode: ({ body }) =>
    refusalsAsData(() => {
      const value = parseJson(textOf(body));
      if (!isPlainObject(value) || !('events' in value)) return [eventFrom(value)];
      const { events, ...rest } = value;
      const [unknownField] = Object.keys(rest);
      if (unknownField !== undefined)
        throw new Refusal('is not allowed beside events', `/${unknownField}`);
      if (!Array.isArray(events)) throw new Refusal('must be an array of events', '/events');
      return events.map((event, i) => eventFrom(event, `/events/${i}`));
    }),
};
