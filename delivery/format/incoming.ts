import { pointerPart } from '../../domain/json-value.ts';
import { readJson } from '../../domain/read-json.ts';
import { isPlainObject } from './format.ts';
import type { Decoded, IncomingEvent } from './format.ts';

/** Thrown while a message is read; `refusalsAsData` turns it into an answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly at: string | undefined;

  constructor(reason: string, at?: string) {
    // A reason may quote input, which may be long.
    super(reason.slice(0, 200));
    this.at = at;
  }
}

/** Runs `read` and returns its refusals as data; rethrows any other error. */
export function refusalsAsData(read: () => IncomingEvent[]): Decoded {
  try {
    return { kind: 'decoded', events: read() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message: reason, at } = error;
    return { kind: 'refused', reason, ...(at !== undefined && { at }) };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Decodes a body. Drops a byte order mark; refuses invalid UTF-8 instead of repairing it. */
export function textOf(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new Refusal('is not UTF-8');
  }
}

export function parseJson(text: string, at?: string): unknown {
  const reading = readJson(text);
  if (reading.kind === 'value') return reading.value;
  if (reading.kind === 'malformed') throw new Refusal('is not JSON', at);
  const { path, message } = reading.problem;
  throw new Refusal(message, `${at ?? ''}${path}`);
}

/** An object of named fields; refuses the names that JSON may not have (`domain/read-json.ts`). */
export function fieldsFromPairs(
  pairs: Iterable<readonly [string, unknown]>,
  at: string,
): Record<string, unknown> {
  const fields: [string, unknown][] = [];
  for (const [name, value] of pairs) {
    if (name === '__proto__') throw new Refusal('is not an allowed name', `${at}/${name}`);
    fields.push([name, value]);
  }
  return Object.fromEntries(fields);
}

const known = new Set('id type data resourceId occurredAt timestamp channels'.split(' '));

/**
 * Reads an event from JSON, XML or a form: the fields of `IncomingEvent`, or those of an envelope, whose `timestamp` is
 * the `occurredAt`. Refuses unknown fields, which would be lost.
 */
export function eventFrom(value: unknown, at = ''): IncomingEvent {
  if (!isPlainObject(value)) throw new Refusal('must be an event', at);
  const unknownField = Object.keys(value).find((name) => !known.has(name));
  if (unknownField !== undefined) {
    throw new Refusal('is not a field of an event', `${at}/${pointerPart(unknownField)}`);
  }
  if (value['timestamp'] !== undefined && value['occurredAt'] !== undefined) {
    throw new Refusal('is duplicated by occurredAt', `${at}/timestamp`);
  }
  const { data } = value;
  if (data === undefined) throw new Refusal('is missing', `${at}/data`);
  const text = (name: string) => textIn(value, name, at);
  const id = text('id');
  const resourceId = text('resourceId');
  const occurredAt = text('occurredAt') ?? text('timestamp');
  const type = text('type');
  if (type === undefined) throw new Refusal('is missing', `${at}/type`);
  const channels = channelsIn(value, at);
  return {
    ...(id !== undefined && { id }),
    type,
    ...(occurredAt !== undefined && { occurredAt }),
    ...(resourceId !== undefined && { resourceId }),
    ...(channels && { channels }),
    data,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function textIn(value: Fields, name: string, at: string): string | undefined {
  const text = value[name];
  if (text === undefined || typeof text === 'string') return text;
  throw new Refusal('must be a string', `${at}/${name}`);
}

function channelsIn(value: Fields, at: string): string[] | undefined {
  const { channels } = value;
  if (channels === undefined) return undefined;
  const isText = (item: unknown): item is string => typeof item === 'string';
  if (Array.isArray(channels) && channels.every(isText)) return channels;
  throw new Refusal('must be an array of strings', `${at}/channels`);
}
