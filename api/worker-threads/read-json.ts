import { isFields } from '../../domain/filter-syntax.ts';
import { pointerPart } from '../../domain/json-value.ts';

export type ReadEvents =
  /** Each as JSON. */
  | { kind: 'read'; events: string[] }
  | { kind: 'malformed'; reason: string }
  | { kind: 'refused'; reason: string; at?: string };

/** An event's data has 64 KiB at most, which JSON can spell in six times as many. */
export const mostEventBytes = 512 * 1_024;
export const mostEvents = 1_000;

const refused = (reason: string, at: string): ReadEvents => ({ kind: 'refused', reason, at });

/** Cuts `{ "events": […] }` into its events, for who cannot parse so much of it at once. */
export function readJson(body: Uint8Array): ReadEvents {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString());
  } catch (error) {
    return { kind: 'malformed', reason: error instanceof Error ? error.message : 'not JSON' };
  }
  if (!isFields(value) || !('events' in value)) {
    return refused(`must have at most ${mostEventBytes} bytes in an event`, '');
  }
  const { events } = value;
  for (const name in value) {
    if (name !== 'events')
      return refused('is not a field of this request', `/${pointerPart(name)}`);
  }
  if (!Array.isArray(events)) return refused('must be an array of events', '/events');
  if (events.length > mostEvents)
    return refused(`must have at most ${mostEvents} events`, '/events');
  const texts: string[] = [];
  for (const [index, event] of events.entries()) {
    const text = textOf(event);
    if (text === undefined) return refused('is nested too deeply', `/events/${index}`);
    if (text.length > mostEventBytes) {
      return refused(`must have at most ${mostEventBytes} bytes`, `/events/${index}`);
    }
    texts.push(text);
  }
  return { kind: 'read', events: texts };
}

/** JSON that was parsed is written again, but where it is deeper than the stack. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
