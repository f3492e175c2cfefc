import type { Format } from './format.ts';
import { eventFrom, Refusal, refusalsAsData, textOf } from './incoming.ts';
import { parseXml, valueOf } from './xml-read.ts';
import { elementOf } from './xml-write.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>';

/** The envelope as `<event>`, typed by attributes; decoding also accepts `<events>` with several. */
export const xml: Format = {
  encode: ({ id, type, timestamp, data }) => ({
    contentType: 'application/xml',
    headers: {},
    body: declaration + elementOf('event', { id, type, timestamp, data }, -1),
  }),
  decode: ({ body }) =>
    refusalsAsData(() => {
      const root = parseXml(textOf(body));
      if (root.tag === 'event') return [eventFrom(valueOf(root, ''))];
      if (root.tag !== 'events') throw new Refusal('must be <event> or <events>');
      if (root.text.trim() !== '') throw new Refusal('has text between its elements');
      return root.children.map((child, i) => {
        if (child.tag !== 'event') throw new Refusal('must be <event>', `/events/${i}`);
        return eventFrom(valueOf(child, `/events/${i}`), `/events/${i}`);
      });
    }),
};
