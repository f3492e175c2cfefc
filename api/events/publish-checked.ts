import type { Database } from '../../db/database.ts';
import type { Publish } from '../../delivery/publish/publish-batcher.ts';
import { findPublished } from '../../db/queries/find-published.ts';
import type { Publication, PublishResult } from '../../db/queries/publish-events.ts';
import { checkTimeoutMs } from '../event-types/check-events.ts';
import type { CheckEvents, CheckOutcome, EventToCheck } from '../event-types/check-events.ts';
import type { KnownType, KnownTypes } from '../event-types/known-types.ts';
import type { IncomingEvents } from './incoming-events.ts';
import { refuseFields } from '../refuse-fields.ts';
import { tooBusy } from '../too-busy.ts';

const maxTypes = 100;
const maxRounds = 5;

type Input = Omit<Publication, 'types'> & { incoming: IncomingEvents };

/**
 * Checks events against their types and writes them. The types may be cached: the writing statement compares their
 * versions, and on a difference everything is checked again.
 */
export async function publishChecked(
  { db, publish, checkEvents }: { db: Database; publish: Publish; checkEvents: CheckEvents },
  types: KnownTypes,
  input: Input,
): Promise<Exclude<PublishResult, { kind: 'staleTypes' }>> {
  const names = [...new Set(input.events.map(({ type }) => type))];
  if (names.length > maxTypes) {
    const message = `must have at most ${maxTypes} different types`;
    throw refuseFields([{ in: 'body', field: '/events', message }]);
  }
  for (let round = 0; round < maxRounds; round++) {
    const isFresh = round > 0;
    const known = await types.find({ merchantId: input.merchant.id, names, isFresh });
    const refusals = await refuseByType(checkEvents, input, known);
    if (refusals.length > 0 && !isFresh) continue;
    if (refusals.length > 0) await refuseUnlessPublished(db, input, refusals);
    const result = await publish({ types: [...known.values()], ...input });
    if (result.kind !== 'staleTypes') return result;
  }
  throw new Error(`the event types changed ${maxRounds} times while the events were checked`);
}

/** `pointer` is a JSON Pointer into the event. */
type Refusal = { index: number; pointer: string; message: string };

/** One refusal for each event that its type refuses. */
async function refuseByType(
  checkEvents: CheckEvents,
  { merchant, events }: Input,
  types: ReadonlyMap<string, KnownType>,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const toCheck: EventToCheck[] = [];
  for (const [index, { type, body }] of events.entries()) {
    const known = types.get(type);
    if (known?.isArchived) refusals.push({ index, pointer: '/type', message: 'is archived' });
    else if (known?.schema !== undefined) toCheck.push({ index, body, schema: known.schema });
  }
  // Most types have no schema, so their events need no thread.
  if (toCheck.length === 0) return refusals;
  const ofSchemas = refusalsIn(await checkEvents(merchant.id, toCheck), toCheck[0]!.index);
  return [...refusals, ...ofSchemas].toSorted((a, b) => a.index - b.index);
}

function refusalsIn(outcome: CheckOutcome, first: number): Refusal[] {
  if (outcome.kind === 'busy') throw tooBusy();
  if (outcome.kind === 'tooLarge') {
    const message = 'and the events after it take too much memory to be checked';
    return [{ index: first, pointer: '/data', message }];
  }
  const checked = outcome.value;
  if (checked.kind === 'tooLong') {
    const message = `and the events before it take longer than ${checkTimeoutMs} ms to be checked`;
    return [{ index: checked.index, pointer: '/data', message }];
  }
  return checked.refusals.map(({ index, problem: { path, message } }) => ({
    index,
    pointer: `/data${path}`,
    message,
  }));
}

/** An event that was published before its type changed gets its earlier response; others are refused. */
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
