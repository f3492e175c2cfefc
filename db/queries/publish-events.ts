import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { isSameEvent } from '../../domain/published-event.ts';
import type { PublishedEvent, StoredEvent } from '../../domain/published-event.ts';
import type { Database } from '../database.ts';
import { isDeadlock, isUniqueViolation } from '../database-errors.ts';
import { dispatchShards, events, eventTypeDefinitions } from '../schema/events.ts';
import { statement } from '../statement.ts';
import { isSliceUsed, nextSlice } from '../work-in-slices.ts';
import { versionOfType } from './event-types.ts';

export type EventToPublish = PublishedEvent & {
  /** The publisher's own key; null if publishing it again is another event. */
  dedupeKey: string | null;
  /** The key is derived from the request's Idempotency-Key and the event's index. */
  isKeyOfRequest: boolean;
};

export type Publication = {
  merchant: { id: MerchantId; shard: number };
  /** No key twice. */
  events: readonly EventToPublish[];
  /** The events' types as of the check; null for an unregistered one. */
  types: readonly { name: string; version: string | null }[];
  /** The key of a further event, which exists if an earlier request under this Idempotency-Key was longer. */
  keyPastEnd: string | null;
};

export type PublishResult =
  /** In the order of the request. */
  | {
      kind: 'published';
      events: { event: Pick<StoredEvent, 'id' | 'resourceId'>; isNew: boolean }[];
    }
  /** A type was registered, changed or archived meanwhile: check the events again. */
  | { kind: 'staleTypes' }
  /** The key belongs to other content; without an index, to a request of another length. */
  | { kind: 'keyReused'; index: number | undefined };

// In a subselect the planner does not see an array's length. It would otherwise plan anew for every length, which is
// half of the statement's cost.
const texts = (name: string) => sql`(select ${sql.placeholder(name)}::text[])`;
const shard = sql`${sql.placeholder('shard')}::int`;
const count = sql`${sql.placeholder('count')}::int`;

type Row = { isStale: true } | ({ isStale: false; dedupeKey: string } & StoredEvent);

/**
 * Writes all events or none: nothing is written if a type is stale or a key is known, and no rows mean that all were
 * written. The events get positions at once, unless the merchant has earlier events without one (`number-events.ts`),
 * which must come first.
 */
const insert = statement<Row, Record<string, unknown>>(
  'publish_events',
  () => sql`
  with stale as (
    select from unnest(${texts('typeOwners')}, ${texts('typeNames')}, ${texts('typeVersions')})
      as checked(merchant_id, name, version)
    left join lateral (
      select ${versionOfType} as version from ${eventTypeDefinitions}
      where ${eventTypeDefinitions.merchantId} = checked.merchant_id
        and ${eventTypeDefinitions.name} = checked.name limit 1) as now on true
    where now.version is distinct from checked.version),
  known as (
    select found.dedupe_key, found.id, found.type, found.resource_id, found.channels, found.body, found.created_at
    from unnest(${texts('keyOwners')}, ${texts('knownKeys')}) as requested(owner, key)
    cross join lateral (
      select dedupe_key, id, type, resource_id, channels, body, created_at from ${events}
      where merchant_id = requested.owner and dedupe_key = requested.key limit 1) as found),
  counter as (
    update ${dispatchShards} set ${bare(dispatchShards.lastPosition)} = ${dispatchShards.lastPosition} + ${count}
    where shard = ${shard} and ${sql.placeholder('isShort')}::boolean
      and not exists (select from stale) and not exists (select from known)
      and not exists (
        select from ${events} where merchant_id = any(${texts('owners')}::text[]) and position is null)
    returning last_position - ${count} as before),
  written as (
    insert into ${events} (${bare(
      events.id,
      events.merchantId,
      events.shard,
      events.type,
      events.channels,
      events.dedupeKey,
      events.resourceId,
      events.body,
      events.position,
      events.createdAt,
    )})
    select id, merchant_id, ${shard}, type, channels::text[], dedupe_key, resource_id, body,
      (select before from counter) + place, created_at::timestamptz
    from unnest(${texts('ids')}, ${texts('owners')}, ${texts('types')}, ${texts('channels')},
      ${texts('dedupeKeys')}, ${texts('resourceIds')}, ${texts('bodies')}, ${texts('createdAts')})
      with ordinality as batch(id, merchant_id, type, channels, dedupe_key, resource_id, body,
        created_at, place)
    where not exists (select from stale) and not exists (select from known)
    order by place)
  select true as "isStale", null as "dedupeKey", null as id, null as type, null as "resourceId",
    null::text[] as channels, null as body, null::timestamptz as "createdAt" from stale
  union all
  select false, dedupe_key, id, type, resource_id, channels, body, created_at from known`,
);

// Each round after the first means that another publisher of a key has committed meanwhile.
const mostRounds = 10;

/**
 * Writes events into the log, all or none, in one statement. A known key with equal content returns the existing event;
 * only the others are written.
 */
export async function publishEvents(
  db: Database,
  publication: Publication,
): Promise<PublishResult> {
  const known = new Map<string, StoredEvent>();
  const storedOf = ({ dedupeKey }: EventToPublish) =>
    dedupeKey === null ? undefined : known.get(dedupeKey);
  let rest = publication.events;
  for (let round = 0; rest.length > 0; round++) {
    if (round === mostRounds)
      throw new Error(`another publisher of these keys was first ${mostRounds} times in a row`);
    const rows = await insertAll(db, [{ ...publication, events: rest }]);
    if (rows === 'raced') continue;
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.isStale) return { kind: 'staleTypes' };
      known.set(row.dedupeKey, row);
    }
    const reused = await findReused(publication, known);
    if (reused) return reused;
    rest = rest.filter((event) => !storedOf(event));
  }
  return {
    kind: 'published',
    events: publication.events.map((event) => {
      const stored = storedOf(event);
      return { event: stored ?? event, isNew: stored === undefined };
    }),
  };
}

/**
 * Writes publications of several merchants of one shard in one statement, all or none; no key twice. False, with
 * nothing written, if any of them conflicts.
 */
export async function publishTogether(
  db: Database,
  publications: readonly Publication[],
): Promise<boolean> {
  const rows = await insertAll(db, publications);
  return rows !== 'raced' && rows.length === 0;
}

// Assigning positions blocks all other publishers of the shard; the relay assigns them for larger batches.
export const shortEvents = 200;
const shortChars = 500_000;

/** The conflicting rows; empty if all were written. */
async function insertAll(
  db: Database,
  publications: readonly Publication[],
): Promise<Row[] | 'raced'> {
  const types = publications.flatMap(({ merchant, types: some }) =>
    some.map((type) => ({ type, owner: merchant.id })),
  );
  const written = publications.flatMap(({ merchant, events: some }) =>
    some.map((event) => ({ event, owner: merchant.id })),
  );
  const keys = publications.flatMap(({ merchant, events: some, keyPastEnd }) =>
    [...some.map(({ dedupeKey }) => dedupeKey), keyPastEnd]
      .filter((key) => key !== null)
      .map((key) => ({ key, owner: merchant.id })),
  );
  const chars = written.reduce((sum, { event }) => sum + event.body.length, 0);
  try {
    return await insert(db, {
      shard: publications[0]?.merchant.shard,
      count: written.length,
      isShort: written.length <= shortEvents && chars <= shortChars,
      typeOwners: types.map(({ owner }) => owner),
      typeNames: types.map(({ type }) => type.name),
      typeVersions: types.map(({ type }) => type.version),
      keyOwners: keys.map(({ owner }) => owner),
      knownKeys: keys.map(({ key }) => key),
      owners: written.map(({ owner }) => owner),
      ids: written.map(({ event }) => event.id),
      types: written.map(({ event }) => event.type),
      channels: written.map(({ event }) => arrayText(event.channels)),
      dedupeKeys: written.map(({ event }) => event.dedupeKey),
      resourceIds: written.map(({ event }) => event.resourceId),
      bodies: arrayOfJson(written.map(({ event }) => event.body)),
      createdAts: written.map(({ event }) => event.createdAt.toISOString()),
    });
  } catch (error) {
    // Two publishers of one key, or of two keys in opposite order: the second's statement fails as a whole.
    if (isUniqueViolation(error) || isDeadlock(error)) return 'raced';
    throw error;
  }
}

/** Encodes an array of texts as one text, because PostgreSQL has no arrays of arrays of different length (8.15.2). */
function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/[\\"]/g, '\\$&')}"`).join()}}`;
}

/**
 * Encodes JSON texts as an array literal (PostgreSQL, 8.15.2). Only quotes and backslashes need escaping, as in a JSON
 * string. JSON.stringify is twenty times as fast as the driver's own encoding, which would block the event loop for
 * most of a second on megabytes of quotes.
 */
function arrayOfJson(texts: readonly string[]): string {
  return `{${texts.map((text) => JSON.stringify(text)).join()}}`;
}

/** Comparing two events can take some milliseconds, so it yields to the event loop in between. */
async function findReused(
  { events, keyPastEnd }: Publication,
  known: ReadonlyMap<string, StoredEvent>,
): Promise<PublishResult | undefined> {
  if (keyPastEnd !== null && known.has(keyPastEnd)) return { kind: 'keyReused', index: undefined };
  const isRepeat = events.some(
    ({ isKeyOfRequest, dedupeKey }) => isKeyOfRequest && known.has(dedupeKey ?? ''),
  );
  for (const [index, event] of events.entries()) {
    if (isSliceUsed()) await nextSlice();
    const stored = event.dedupeKey === null ? undefined : known.get(event.dedupeKey);
    // An event that the first request did not have is other content under its key.
    const isReused = stored ? !isSameEvent(stored, event) : isRepeat && event.isKeyOfRequest;
    if (isReused) return { kind: 'keyReused', index };
  }
  return undefined;
}
