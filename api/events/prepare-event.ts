import type { EventToPublish } from '../../db/queries/publish-events.ts';
import { envelopeOf } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import { refuseJson } from '../../domain/json-value.ts';
import type { JsonProblem } from '../../domain/json-value.ts';
import type { NewEventBody } from './event-schema.ts';

const deepestData = 64;
const maxDataBytes = 64 * 1_024;
// A filter examines each value for each of up to a hundred conditions.
const maxValues = 10_000;

/** The problem of an event's data that is independent of its type; undefined if there is none. */
export const refuseData = (data: unknown): JsonProblem | undefined =>
  refuseJson(data, { maxDepth: deepestData, maxValues: maxValues });

/**
 * Prepares a published event: its id, and the bytes of every delivery. Refuses data that is too large, too deep, has
 * too many values, or would change when it is serialized again.
 */
export function prepareEvent(
  published: NewEventBody,
  { at, requestKey }: { at: Date; requestKey: string | undefined },
): { kind: 'prepared'; event: EventToPublish } | { kind: 'refused'; problem: JsonProblem } {
  const problem = refuseData(published.data);
  if (problem) return { kind: 'refused', problem };
  const id = newId('event');
  const { type, data, resourceId } = published;
  const occurredAt = published.occurredAt ?? published.timestamp;
  const timestamp = occurredAt === undefined ? at : new Date(occurredAt);
  const body = envelopeOf({ id, type, timestamp: timestamp.toISOString(), data });
  if (dataBytesOf(body) > maxDataBytes) {
    return {
      kind: 'refused',
      problem: { path: '', message: `must have at most ${maxDataBytes} bytes` },
    };
  }
  // No spread: an object that grows after a spread costs as much as the rest of this function.
  const event = {
    id,
    type,
    body,
    createdAt: at,
    resourceId: resourceId ?? id,
    channels: published.channels ? [...new Set(published.channels)].toSorted() : [],
    hasResource: resourceId !== undefined,
    hasTime: occurredAt !== undefined,
    dedupeKey: published.id ?? requestKey ?? null,
    isKeyOfRequest: published.id === undefined && requestKey !== undefined,
  };
  return { kind: 'prepared', event };
}

/** The size of the data, which ends the envelope, without serializing it again. */
function dataBytesOf(body: string): number {
  return Buffer.byteLength(body) - body.indexOf('"data":') - '"data":}'.length;
}
