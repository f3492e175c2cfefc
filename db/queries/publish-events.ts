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
  /** The publisher's own key for it; null where publishing it again is another event. */
  dedupeKey: string | null;
  /** The key is made of the request's Idempotency-Key and the event's place. */
  isKeyOfRequest: boolean;
};

export type Publication = {
  merchant: { id: MerchantId; shard: number };
  /** One key at most once. */
  events: readonly EventToPublish[];
  /** The types of the events as they were when the events were checked; null for one that is not registered. */
  types: readonly { name: string; version: string | null }[];
  /** A key that would be there had this request been a longer one under its Idempotency-Key. */
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
  /** The key stands for other content; without an index, for a request of another length. */
  | { kind: 'keyReused'; index: number | undefined };

// Within a subselect the planner does not see how long an array is. It would make a plan for every length, each
// time anew, for half of what the statement costs.
const texts = (name: string) => sql`(select ${sql.placeholder(name)}::text[])`;
const shard = sql`${sql.placeholder('shard')}::int`;
const count = sql`${sql.placeholder('count')}::int`;

type Row = { isStale: true } | ({ isStale: false; dedupeKey: string } & StoredEvent);

/**
 * All events or none: nothing is written where a type is stale or a key is known. No rows: written. They
 * get their positions at once, but for those of a merchant of whom others still wait for theirs
 * (`number-events.ts`): they come after these.
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
    from unnest(${texts('keyOwners')}, ${texts('knownKeys')}) as asked(owner, key)
    cross join lateral (
      select dedupe_key, id, type, resource_id, channels, body, created_at from ${events}
      where merchant_id = asked.owner and dedupe_key = asked.key limit 1) as found),
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

// Each round but the first follows another publisher of the same key, who has committed since.
const mostRounds = 10;

/**
 * Writes events into the log, all or none, in one statement. Of a known key with the same content the
 * event there is is answered, and only the others are written.
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
    if (round === mostRounds) throw new Error('another publisher of these keys is always first');
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
 * Writes publications of several merchants of one shard in one statement, all or none; no key twice. False
 * where something stands in the way of one of them.
 */
export async function publishTogether(
  db: Database,
  publications: readonly Publication[],
): Promise<boolean> {
  const rows = await insertAll(db, publications);
  return rows !== 'raced' && rows.length === 0;
}

// Whoever gives positions holds up all others meanwhile; what takes long waits for the relay to give them.
export const shortEvents = 200;
const shortChars = 500_000;

/** The rows that stand in the way; none where all were written. */
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
    // Two publishers of one key at once, or of two in two orders: the second's statement fails as a whole.
    if (isUniqueViolation(error) || isDeadlock(error)) return 'raced';
    throw error;
  }
}

/** An array of texts as one text, since PostgreSQL has no arrays of arrays of different length (8.15.2). */
function arrayText(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/[\\"]/g, '\\$&')}"`).join()}}`;
}

/**
 * Texts that are JSON as an array's text (PostgreSQL, 8.15.2). Nothing in them but quotes and backslashes needs
 * a backslash, as in a JSON string, which is written twenty times as fast as the driver's own: megabytes of
 * quotes would hold the event loop for most of a second.
 */
function arrayOfJson(texts: readonly string[]): string {
  return `{${texts.map((text) => JSON.stringify(text)).join()}}`;
}

/** Two events can take some milliseconds to compare: others are served in between. */
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
    // What a repeated request has beyond the first one is other content under its key.
    const isReused = stored ? !isSameEvent(stored, event) : isRepeat && event.isKeyOfRequest;
    if (isReused) return { kind: 'keyReused', index };
  }
  return undefined;
}
