import type { JsonProblem } from '../../domain/json-value.ts';
import { decode } from '../../delivery/format/index.ts';
import type { IncomingMessage } from '../../delivery/format/index.ts';
import { compileSchema } from '../event-types/compile-schema.ts';
import { createSchemaCache } from './schema-cache.ts';
import { cutEvents, cutJson } from './cut-events.ts';
import type { ReadEvents } from './cut-events.ts';
import { runWithin } from './run-within.ts';

// Inputs and results must be cloneable between threads; strings are the cheapest.

/** Compiles a schema and returns its problems; empty if it compiles. */
export function compile(input: { schema: string; timeoutMs: number }): JsonProblem[] | 'tooLong' {
  return runWithin(input.timeoutMs, () => {
    const compiled = compileSchema(JSON.parse(input.schema) as Record<string, unknown>);
    return compiled.kind === 'refused' ? compiled.problems : [];
  });
}

const schemas = createSchemaCache();

export type EventsToCheck = {
  schema: string;
  /** Stored envelopes. */
  events: readonly { index: number; body: string }[];
};

export type CheckedEvents =
  | { kind: 'checked'; refusals: { index: number; problem: JsonProblem }[] }
  /** The timeout passed at the event of this index. */
  | { kind: 'tooLong'; index: number };

/** Validates the data of events against the schemas of their types. */
export function checkEvents(input: {
  groups: readonly EventsToCheck[];
  timeoutMs: number;
}): CheckedEvents {
  const refusals: { index: number; problem: JsonProblem }[] = [];
  let at = 0;
  const ended = runWithin(input.timeoutMs, () => {
    for (const { schema, events } of input.groups) {
      at = events[0]?.index ?? at;
      const check = schemas.checkOf(schema);
      for (const { index, body } of events) {
        at = index;
        const { data } = JSON.parse(body) as { data: unknown };
        const problem = check(data);
        if (problem) refusals.push({ index, problem });
      }
    }
  });
  return ended === 'tooLong' ? { kind: 'tooLong', index: at } : { kind: 'checked', refusals };
}

/** Parses a message into its events, each as separate JSON, not yet validated. */
export function readEvents(input: {
  message: IncomingMessage;
  isJson: boolean;
  timeoutMs: number;
}): ReadEvents | 'tooLong' {
  return runWithin(input.timeoutMs, () => {
    if (input.isJson) return cutJson(input.message.body);
    const decoded = decode(input.message);
    if (decoded.kind === 'refused') return decoded;
    const { events } = decoded;
    return cutEvents(events, (index) => (events.length === 1 ? '' : `/events/${index}`));
  });
}
