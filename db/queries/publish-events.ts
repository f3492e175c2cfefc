import { sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import { isSameEvent } from '../../domain/published-event.ts';
import type { PublishedEvent, StoredEvent } from '../../domain/published-event.ts';
import type { Database } from '../database.ts';
import { isDeadlock, isUniqueViolation } from '../database-errors.ts';
import { events, eventTypeDefinitions } from '../schema/events.ts';
import { statement } from '../statement.ts';
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

const text = (name: string) => sql`${sql.placeholder(name)}::text`;
const texts = (name: string) => sql`${sql.placeholder(name)}::text[]`;

type Row = { isStale: true } | ({ isStale: false; dedupeKey: string } & StoredEvent);

/** All events or none: nothing is written where a type is stale or a key is known. No rows: written. */
const insert = statement<Row, Record<string, unknown>>(
  'publish_events',
  () => sql`
  with stale as (
    select from unnest(${texts('typeNames')}, ${texts('typeVersions')}) as checked(name, version)
    left join ${eventTypeDefinitions} on ${eventTypeDefinitions.merchantId} = ${text('merchantId')}
      and ${eventTypeDefinitions.name} = checked.name
    where ${versionOfType} is distinct from checked.version),
  known as (
    select dedupe_key, id, type, resource_id, channels, body, created_at from ${events}
    where merchant_id = ${text('merchantId')} and dedupe_key = any(${texts('knownKeys')})),
  written as (
    insert into ${events} (id, merchant_id, shard, type, channels, dedupe_key, resource_id, body, created_at)
    select id, ${text('merchantId')}, ${sql.placeholder('shard')}::int, type, channels::text[],
      dedupe_key, resource_id, body, created_at::timestamptz
    from unnest(${texts('ids')}, ${texts('types')}, ${texts('channels')}, ${texts('dedupeKeys')},
      ${texts('resourceIds')}, ${texts('bodies')}, ${texts('createdAts')}) with ordinality
      as batch(id, type, channels, dedupe_key, resource_id, body, created_at, place)
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
    const rows = await insertAll(db, publication, rest);
    if (rows === 'raced') continue;
    if (rows.length === 0) break;
    for (const row of rows) {
      if (row.isStale) return { kind: 'staleTypes' };
      known.set(row.dedupeKey, row);
    }
    const reused = findReused(publication, known);
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

/** The rows that stand in the way; none where all were written. */
async function insertAll(
  db: Database,
  { merchant, types, keyPastEnd }: Publication,
  events: readonly EventToPublish[],
): Promise<Row[] | 'raced'> {
  const dedupeKeys = events.map(({ dedupeKey }) => dedupeKey);
  try {
    return await insert(db, {
      merchantId: merchant.id,
      shard: merchant.shard,
      typeNames: types.map(({ name }) => name),
      typeVersions: types.map(({ version }) => version),
      knownKeys: [...dedupeKeys, keyPastEnd].filter((key) => key !== null),
      ids: events.map(({ id }) => id),
      types: events.map(({ type }) => type),
      channels: events.map(({ channels }) => arrayText(channels)),
      dedupeKeys,
      resourceIds: events.map(({ resourceId }) => resourceId),
      bodies: events.map(({ body }) => body),
      createdAts: events.map(({ createdAt }) => createdAt.toISOString()),
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

function findReused(
  { events, keyPastEnd }: Publication,
  known: ReadonlyMap<string, StoredEvent>,
): PublishResult | undefined {
  if (keyPastEnd !== null && known.has(keyPastEnd)) return { kind: 'keyReused', index: undefined };
  const isRepeat = events.some(
    ({ isKeyOfRequest, dedupeKey }) => isKeyOfRequest && known.has(dedupeKey ?? ''),
  );
  const index = events.findIndex((event) => {
    const stored = event.dedupeKey === null ? undefined : known.get(event.dedupeKey);
    // What a repeated request has beyond the first one is other content under its key.
    return stored ? !isSameEvent(stored, event) : isRepeat && event.isKeyOfRequest;
  });
  return index === -1 ? undefined : { kind: 'keyReused', index };
}
