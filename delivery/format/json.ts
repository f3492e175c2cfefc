import { envelopeOf } from '../../domain/events.ts';
import { isPlainObject } from './format.ts';
import type { Format } from './format.ts';
import { eventFrom, parseJson, Refusal, refusalsAsData, textOf } from './incoming.ts';

/** The envelope `{ id, type, timestamp, data }` as it is stored; on the way in also `{ "events": […] }`. */
export const json: Format = {
  encode: (event) => ({ contentType: 'application/json', headers: {}, body: envelopeOf(event) }),
  decode: ({ body }) =>
    refusalsAsData(() => {
      const value = parseJson(textOf(body));
      if (!isPlainObject(value) || !('events' in value)) return [eventFrom(value)];
      const { events, ...rest } = value;
      const [stranger] = Object.keys(rest);
      if (stranger !== undefined) throw new Refusal('stands beside events', `/${stranger}`);
      if (!Array.isArray(events)) throw new Refusal('must be an array of events', '/events');
      return events.map((event, i) => eventFrom(event, `/events/${i}`));
    }),
};
