import { isFields } from '../../domain/filter-syntax.ts';
import { pointerPart } from '../../domain/json-value.ts';
import { readJson } from '../../domain/read-json.ts';
import { refuseData } from '../events/prepare-event.ts';

export type ReadEvents =
  /** Each event as JSON. */
  | { kind: 'read'; events: string[] }
  | { kind: 'malformed'; reason: string }
  | { kind: 'refused'; reason: string; at?: string };

/** An event's data has at most 64 KiB; escapes in JSON can take six times as much. */
export const maxEventBytes = 512 * 1_024;
export const maxEvents = 1_000;

const refused = (reason: string, at: string): ReadEvents => ({ kind: 'refused', reason, at });

/** Parses a large `{ "events": […] }` body; the main thread parses small ones. */
export function cutJson(body: Uint8Array): ReadEvents {
  const reading = readJson(Buffer.from(body).toString());
  if (reading.kind === 'malformed') return reading;
  if (reading.kind === 'refused') return refused(reading.problem.message, reading.problem.path);
  const { value } = reading;
  if (!isFields(value) || !('events' in value)) {
    return refused(`must have at most ${maxEventBytes} bytes for one event`, '');
  }
  for (const name in value) {
    if (name !== 'events')
      return refused('is not a field of this request', `/${pointerPart(name)}`);
  }
  const { events } = value;
  if (!Array.isArray(events)) return refused('must be an array of events', '/events');
  return cutEvents(events, (index) => `/events/${index}`);
}

/**
 * Splits events into separate JSON texts, so that the main thread can parse them in slices. Refuses data that is
 * invalid for every type.
 */
export function cutEvents(
  events: readonly unknown[],
  pointerTo: (index: number) => string,
): ReadEvents {
  if (events.length > maxEvents) return refused(`must have at most ${maxEvents} events`, '/events');
  const texts: string[] = [];
  for (const [index, event] of events.entries()) {
    const problem = isFields(event) ? refuseData(event['data']) : undefined;
    if (problem) return refused(problem.message, `${pointerTo(index)}/data${problem.path}`);
    const text = textOf(event);
    if (text === undefined) return refused('is nested too deeply', pointerTo(index));
    if (text.length > maxEventBytes) {
      return refused(`must have at most ${maxEventBytes} bytes`, pointerTo(index));
    }
    texts.push(text);
  }
  return { kind: 'read', events: texts };
}

/** Serializes a parsed value; undefined if it is nested deeper than the stack allows. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
