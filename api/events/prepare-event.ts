import type { EventToPublish } from '../../db/queries/publish-events.ts';
import { envelopeOf } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { refuseJson } from '../../domain/json-value.ts';
import type { JsonProblem } from '../../domain/json-value.ts';
import type { NewEventBody } from './event-schema.ts';

const deepestData = 64;
const mostDataBytes = 64 * 1_024;
// Whoever filters looks at each of them, for each of a hundred conditions.
const mostValues = 10_000;

/** What is wrong with an event's data, whatever its type. */
export const refuseData = (data: unknown): JsonProblem | undefined =>
  refuseJson(data, { maxDepth: deepestData, maxValues: mostValues });

/**
 * Makes an event of what was published: its id, and the bytes that every delivery will send. Refused is
 * data that is too large, too deep or of too many values, or that would not survive being written again.
 */
export function prepareEvent(
  given: NewEventBody,
  { at, requestKey }: { at: Date; requestKey: string | undefined },
): { kind: 'prepared'; event: EventToPublish } | { kind: 'refused'; problem: JsonProblem } {
  const problem = refuseData(given.data);
  if (problem) return { kind: 'refused', problem };
  const id = newId('event');
  const { type, data, resourceId } = given;
  const occurredAt = given.occurredAt ?? given.timestamp;
  const timestamp = occurredAt === undefined ? at : new Date(occurredAt);
  const body = envelopeOf({ id, type, timestamp: timestamp.toISOString(), data });
  if (dataBytesOf(body) > mostDataBytes) {
    return {
      kind: 'refused',
      problem: { path: '', message: `must have at most ${mostDataBytes} bytes` },
    };
  }
  // Written out: an object that grows after a spread costs as much as all the rest of this.
  const event = {
    id,
    type,
    body,
    createdAt: at,
    resourceId: resourceId ?? id,
    channels: given.channels ? [...new Set(given.channels)].toSorted() : [],
    hasResource: resourceId !== undefined,
    hasTime: occurredAt !== undefined,
    dedupeKey: given.id ?? requestKey ?? null,
    isKeyOfRequest: given.id === undefined && requestKey !== undefined,
  };
  return { kind: 'prepared', event };
}

/** The data stands at the envelope's end, so its size needs no text of its own. */
function dataBytesOf(body: string): number {
  return Buffer.byteLength(body) - body.indexOf('"data":') - '"data":}'.length;
}
