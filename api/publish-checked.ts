import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../db/database.ts';
import type { Publish } from '../db/gather-publications.ts';
import { findPublished } from '../db/queries/find-published.ts';
import type { Publication, PublishResult } from '../db/queries/publish-events.ts';
import type { KnownType, KnownTypes } from './event-types/known-types.ts';
import type { IncomingEvents } from './incoming-events.ts';
import { refuseFields } from './refuse-fields.ts';

const mostTypes = 100;
const mostRounds = 5;

type Input = Omit<Publication, 'types'> & { incoming: IncomingEvents };

/**
 * Holds events against their types and writes them. The types may be known from before: the writing
 * statement sees whether they still are what they were, and if not, all is looked at again.
 */
export async function publishChecked(
  { db, publish }: { db: Database; publish: Publish },
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
    const refusals = await refuseByType(input, known);
    if (refusals.length > 0 && !isFresh) continue;
    if (refusals.length > 0) await refuseUnlessPublished(db, input, refusals);
    const result = await publish({ types: [...known.values()], ...input });
    if (result.kind !== 'staleTypes') return result;
  }
  throw new Error('the types of the events are changed again and again');
}

/** `pointer` leads into the event (JSON Pointer). */
type Refusal = { index: number; pointer: string; message: string };

const longestTurnMs = 20;

/** One refusal for each event that its type does not take. Others are served in between. */
async function refuseByType(
  { incoming }: Input,
  types: ReadonlyMap<string, KnownType>,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  let turnBeganMs = performance.now();
  for (const [index, { type, data }] of incoming.events.entries()) {
    const refusal = refuseOne(types.get(type), data);
    if (refusal) refusals.push({ index, ...refusal });
    if (performance.now() - turnBeganMs < longestTurnMs) continue;
    await nextTurn();
    turnBeganMs = performance.now();
  }
  return refusals;
}

function refuseOne(
  known: KnownType | undefined,
  data: unknown,
): Omit<Refusal, 'index'> | undefined {
  if (known?.isArchived) return { pointer: '/type', message: 'is archived' };
  const problem = known?.check?.(data);
  return problem && { pointer: `/data${problem.path}`, message: problem.message };
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
