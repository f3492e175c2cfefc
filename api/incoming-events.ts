import { isUtf8 } from 'node:buffer';
import type { Context } from 'hono';
import { z } from '@hono/zod-openapi';
import { decode, readMediaTypes } from '../webhooks/format/index.ts';
import type { AppEnv } from './deps.ts';
import { newEventSchema } from './event-schema.ts';
import type { NewEventBody } from './event-schema.ts';
import { Problem } from './problems.ts';
import { fieldErrors } from './render-problem.ts';
import { refuseFields } from './refuse-fields.ts';

export const mostEvents = 1_000;

/** What a request publishes, and where in its body each event stands (JSON Pointer). */
export type IncomingEvents = { events: NewEventBody[]; pointerTo: (index: number) => string };

const batchSchema = z.strictObject({ events: z.array(newEventSchema).min(1).max(mostEvents) });

/**
 * Reads the events of a request: JSON, one event or `{ events: […] }`, or any format that is sent out
 * (`webhooks/format`). Throws the problem that names what is wrong.
 */
export async function readIncomingEvents(c: Context<AppEnv>): Promise<IncomingEvents> {
  const contentType = c.req.header('content-type') ?? 'application/json';
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isBinary = c.req.header('ce-specversion') !== undefined;
  if (!isBinary && !readMediaTypes.includes(mediaType)) {
    throw new Problem('unsupported-media-type', `The body is declared as ${contentType}.`);
  }
  const body = Buffer.from(await c.req.arrayBuffer());
  // The way of nearly all: no header but the content type is looked at, and all that is wrong is named.
  if (!isBinary && mediaType === 'application/json') return eventsOfJson(parseJson(body));
  const decoded = decode({ contentType, headers: c.req.header(), body });
  if (decoded.kind === 'decoded') return eventsOf(decoded.events);
  const { reason, at = '' } = decoded;
  throw refuseFields([{ in: 'body', field: at, message: reason }]);
}

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Problem('malformed-json', 'The body is not UTF-8.');
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    throw new Problem('malformed-json', error instanceof Error ? error.message : 'not JSON');
  }
}

function eventsOfJson(value: unknown): IncomingEvents {
  const isBatch = typeof value === 'object' && value !== null && 'events' in value;
  if (!isBatch) return { events: [parse(newEventSchema, value)], pointerTo: () => '' };
  return { events: parse(batchSchema, value).events, pointerTo: (index) => `/events/${index}` };
}

/** Fields are named as in JSON, in whatever format they came. */
function eventsOf(events: readonly unknown[]): IncomingEvents {
  const pointerTo = (index: number) => (events.length === 1 ? '' : `/events/${index}`);
  if (events.length === 1) return { events: [parse(newEventSchema, events[0])], pointerTo };
  return { events: parse(batchSchema, { events }).events, pointerTo };
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuseFields(fieldErrors('json', parsed.error.issues));
}
