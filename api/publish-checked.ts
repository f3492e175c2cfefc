import type { Database } from '../db/database.ts';
import type { Publish } from '../db/gather-publications.ts';
import type { MerchantId } from '../domain/ids.ts';
import { findPublished } from '../db/queries/find-published.ts';
import type { Publication, PublishResult } from '../db/queries/publish-events.ts';
import type { JsonProblem } from '../domain/json-value.ts';
import type { KnownType, KnownTypes } from './event-types/known-types.ts';
import type { IncomingEvents } from './incoming-events.ts';
import { refuseFields } from './refuse-fields.ts';
import { tooBusy } from './too-busy.ts';
import type { EventsToCheck } from './worker-threads/tasks.ts';
import type { WorkerThreads } from './worker-threads/worker-threads.ts';

const mostTypes = 100;
const mostRounds = 5;

type Input = Omit<Publication, 'types'> & { incoming: IncomingEvents };

/**
 * Holds events against their types and writes them. The types may be known from before: the writing
 * statement sees whether they still are what they were, and if not, all is looked at again.
 */
export async function publishChecked(
  { db, publish, threads }: { db: Database; publish: Publish; threads: WorkerThreads },
  types: KnownTypes,
  input: Input,
): Promise<Exclude<PublishResult, { kind: 'staleTypes' }>> {
  const names = [...new Set(input.events.map(({ type }) => type))];
  if (names.length > mostTypes) {
    const message = `must have at most ${mostTypes} different types`;
    throw refuseFields([{ in: 'body', field: '/events', message }]);
  }
  for (let round = 0; round < mostRounds; round++) {
    const isFresh = round > 0;
    const known = await types.find({ merchantId: input.merchant.id, names, isFresh });
    const refusals = await refuseByType(threads, input, known);
    if (refusals.length > 0 && !isFresh) continue;
    if (refusals.length > 0) await refuseUnlessPublished(db, input, refusals);
    const result = await publish({ types: [...known.values()], ...input });
    if (result.kind !== 'staleTypes') return result;
  }
  throw new Error('the types of the events are changed again and again');
}

/** `pointer` leads into the event (JSON Pointer). */
type Refusal = { index: number; pointer: string; message: string };

const checkTimeoutMs = 1_000;

/** One refusal for each event that its type does not take. */
async function refuseByType(
  threads: WorkerThreads,
  { merchant, events }: Input,
  types: ReadonlyMap<string, KnownType>,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const toCheck = new Map<string, { index: number; body: string }[]>();
  for (const [index, { type, body }] of events.entries()) {
    const known = types.get(type);
    if (known?.isArchived) refusals.push({ index, pointer: '/type', message: 'is archived' });
    else if (known?.schema !== undefined) {
      const group = toCheck.get(known.schema) ?? [];
      toCheck.set(known.schema, group);
      group.push({ index, body });
    }
  }
  // Most types have no schema, and their events no thread to wait for.
  if (toCheck.size === 0) return refusals;
  const groups = [...toCheck].map(([schema, group]): EventsToCheck => ({ schema, events: group }));
  const ofSchemas = await refuseBySchemas(threads, merchant.id, groups);
  return [...refusals, ...ofSchemas].toSorted((a, b) => a.index - b.index);
}

/** All the events of a request go to the thread and back at once. */
async function refuseBySchemas(
  threads: WorkerThreads,
  merchantId: MerchantId,
  groups: readonly EventsToCheck[],
): Promise<Refusal[]> {
  const input = { groups, timeoutMs: checkTimeoutMs };
  const outcome = await threads.run(merchantId, 'checkEvents', input);
  if (outcome.kind === 'busy') throw tooBusy();
  const refuse = (index: number, { path, message }: JsonProblem): Refusal => ({
    ...{ index, pointer: `/data${path}`, message },
  });
  const first = groups[0]?.events[0]?.index ?? 0;
  if (outcome.kind === 'tooLarge') {
    const message = 'takes too much memory to be checked by its schema';
    return [refuse(first, { path: '', message })];
  }
  const checked = outcome.kind === 'done' ? outcome.value : { ...outcome, index: first };
  if (checked.kind === 'tooLong') {
    const message = `and the events before it take longer than ${checkTimeoutMs} ms to be checked`;
    return [refuse(checked.index, { path: '', message })];
  }
  return checked.refusals.map(({ index, problem }) => refuse(index, problem));
}

/** What was published while its type took it is answered as before, whatever has become of the type. */
async function refuseUnlessPublished(
  db: Database,
  { merchant, events, incoming }: Input,
  refusals: readonly Refusal[],
): Promise<void> {
  const keyOf = ({ index }: Refusal) => events[index]?.dedupeKey ?? undefined;
  const published = await findPublished(db, {
    merchantId: merchant.id,
    dedupeKeys: refusals.flatMap((refusal) => keyOf(refusal) ?? []),
  });
  const errors = refusals
    .filter((refusal) => !published.has(keyOf(refusal) ?? ''))
    .map(({ index, pointer, message }) => ({
      in: 'body' as const,
      field: incoming.pointerTo(index) + pointer,
      message,
    }));
  if (errors.length > 0) throw refuseFields(errors, 'event-refused-by-type');
}
