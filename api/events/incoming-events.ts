import { isUtf8 } from 'node:buffer';
import type { Context } from 'hono';
import { z } from '@hono/zod-openapi';
import { isSliceUsed, nextSlice } from '../../db/work-in-slices.ts';
import { isFields } from '../../domain/filter-syntax.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { pointerPart } from '../../domain/json-value.ts';
import { readJson } from '../../domain/read-json.ts';
import type { JsonReading } from '../../domain/read-json.ts';
import { decode, readMediaTypes } from '../../delivery/format/index.ts';
import type { IncomingMessage } from '../../delivery/format/index.ts';
import type { AppEnv } from '../deps.ts';
import { maxChannels, newEventSchema } from './event-schema.ts';
import type { NewEventBody } from './event-schema.ts';
import { Problem } from '../problems.ts';
import type { FieldError } from '../problems.ts';
import { fieldErrors } from '../render-problem.ts';
import { maxErrors, refuseFields } from '../refuse-fields.ts';
import { tooBusy } from '../too-busy.ts';
import { maxEventBytes, maxEvents } from '../worker-threads/cut-events.ts';
import type { WorkerThreads } from '../worker-threads/worker-threads.ts';

/** The events of a request, and the JSON Pointer to each in the body. */
export type IncomingEvents = { events: NewEventBody[]; pointerTo: (index: number) => string };

const batchSchema = z.strictObject({ events: z.array(z.unknown()).min(1).max(maxEvents) });

// Larger bodies are parsed in a thread, because they would block other requests: at worst about 25 ms for this
// much JSON, and 10 ms for this much of a format that is parsed in JavaScript.
const maxInlineBytes = { json: maxEventBytes, other: 16 * 1_024 };
const timeoutMs = 2_000;

/**
 * Reads the events of a request: JSON, one event or `{ events: […] }`, or any outgoing format (`delivery/format`).
 * Throws a problem that names each error. Yields to other requests in between.
 */
export async function readIncomingEvents(
  c: Context<AppEnv>,
  threads: WorkerThreads,
): Promise<IncomingEvents> {
  const contentType = c.req.header('content-type') ?? '';
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isBinary = c.req.header('ce-specversion') !== undefined;
  if (!isBinary && !readMediaTypes.includes(mediaType)) {
    const declared = contentType === '' ? 'without a content type' : `declared as ${contentType}`;
    throw new Problem('unsupported-media-type', `The body is ${declared}.`);
  }
  const body = Buffer.from(await c.req.arrayBuffer());
  // The common case: only the content type header matters, and all errors are reported.
  const isJson = !isBinary && mediaType === 'application/json';
  if (isJson && !isUtf8(body)) throw new Problem('malformed-json', 'The body is not UTF-8.');
  const message = { contentType, headers: c.req.header(), body };
  if (body.byteLength > (isJson ? maxInlineBytes.json : maxInlineBytes.other)) {
    const merchantId = c.var.merchant.id;
    const texts = await readInThread(threads, { merchantId, message, isJson });
    return eventsOf(texts, { isBatch: isJson, read: (text): unknown => JSON.parse(text) });
  }
  if (isJson) return eventsOfJson(valueOf(readJson(body.toString())));
  const decoded = decode(message);
  if (decoded.kind === 'refused') throw refusedAt(decoded);
  return eventsOf(decoded.events, { isBatch: false, read: (event) => event });
}

function valueOf(reading: JsonReading): unknown {
  if (reading.kind === 'value') return reading.value;
  if (reading.kind === 'malformed') throw new Problem('malformed-json', reading.reason);
  throw refusedAt({ reason: reading.problem.message, at: reading.problem.path });
}

/** The events as separate JSON texts, so that parsing them can be sliced. */
async function readInThread(
  threads: WorkerThreads,
  input: { merchantId: MerchantId; message: IncomingMessage; isJson: boolean },
): Promise<string[]> {
  const { merchantId, message, isJson } = input;
  const outcome = await threads.run(merchantId, 'readEvents', { message, isJson, timeoutMs });
  if (outcome.kind === 'busy') throw tooBusy();
  if (outcome.kind === 'tooLarge') throw refusedAt({ reason: 'takes too much memory to be read' });
  const read = outcome.value;
  if (read === 'tooLong') {
    throw refusedAt({ reason: `takes longer than ${timeoutMs} ms to be read` });
  }
  if (read.kind === 'malformed') throw new Problem('malformed-json', read.reason);
  if (read.kind === 'refused') throw refusedAt(read);
  return read.events;
}

const refusedAt = ({ reason, at = '' }: { reason: string; at?: string }) =>
  refuseFields([{ in: 'body', field: at, message: reason }]);

function eventsOfJson(value: unknown): Promise<IncomingEvents> {
  const isBatch = typeof value === 'object' && value !== null && 'events' in value;
  const values = isBatch ? parse(batchSchema, value).events : [value];
  return eventsOf(values, { isBatch, read: (event) => event });
}

/** Validates each event; fields are named as in JSON, whatever the format. */
async function eventsOf<T>(
  values: readonly T[],
  { isBatch, read }: { isBatch: boolean; read: (value: T) => unknown },
): Promise<IncomingEvents> {
  const isOne = !isBatch && values.length === 1;
  if (!isOne) parse(batchSchema, { events: values });
  const pointerTo = (index: number) => (isOne ? '' : `/events/${index}`);
  const events: NewEventBody[] = [];
  const errors: FieldError[] = [];
  for (const [index, value] of values.entries()) {
    if (isSliceUsed()) await nextSlice();
    const validated = validate(read(value));
    if (validated.kind === 'event') events.push(validated.event);
    for (const error of validated.kind === 'refused' ? validated.errors : []) {
      errors.push({ ...error, field: pointerTo(index) + error.field });
    }
    if (errors.length >= maxErrors) break;
  }
  if (errors.length > 0) throw refuseFields(errors);
  return { events, pointerTo };
}

type Validated = { kind: 'event'; event: NewEventBody } | { kind: 'refused'; errors: FieldError[] };

const fieldNames = new Set(Object.keys(newEventSchema.shape));

function validate(value: unknown): Validated {
  const field = isFields(value) ? refuseMany(value) : undefined;
  if (field) return { kind: 'refused', errors: [{ in: 'body', ...field }] };
  const parsed = newEventSchema.safeParse(value);
  if (parsed.success) return { kind: 'event', event: parsed.data };
  return { kind: 'refused', errors: fieldErrors('json', parsed.error.issues) };
}

/** Refuses a huge number of fields or channels early, because the schema would examine each of them first. */
function refuseMany(value: Readonly<Record<string, unknown>>) {
  const { channels } = value;
  if (Array.isArray(channels) && channels.length > maxChannels) {
    const message = `must have at most ${maxChannels} channels (got ${channels.length})`;
    return { field: '/channels', message };
  }
  let unknownFields = 0;
  for (const name in value) {
    if (fieldNames.has(name)) continue;
    unknownFields += 1;
    if (unknownFields > maxErrors) {
      return { field: `/${pointerPart(name)}`, message: 'is not a field of this request' };
    }
  }
  return undefined;
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuseFields(fieldErrors('json', parsed.error.issues));
}
