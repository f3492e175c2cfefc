import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { text, texts } from '../placeholders.ts';
import { events } from '../schema/events.ts';
import { statement } from '../statement.ts';

export type FeedEvent = { position: number; type: string; body: string };

export type FeedPage = {
  events: FeedEvent[];
  /** Up to here the feed was looked at: where to go on, also when nothing was found. */
  through: number;
  /** There is more to look at already. */
  hasMore: boolean;
};

/** Which events of the feed: all that every one of these lets through. */
export type FeedSelection = {
  /** As in `domain/events.ts`. */
  patterns: readonly string[];
  /** Empty: every channel, and events without one. */
  channels?: readonly string[];
  resourceId?: string | undefined;
};

/** How many events that are not asked for one look steps over: a reader of few must not hold up the database. */
const mostLookedAt = 2_000;

/** A merchant's feed after a position, in the feed's order. */
export async function listEvents(
  db: Database,
  input: FeedSelection & { merchantId: MerchantId; after: number; limit: number },
): Promise<FeedPage> {
  const { merchantId, after, resourceId, channels = [], limit } = input;
  const rows = await selectionOf(input)(db, {
    merchantId,
    after,
    resourceId,
    channels,
    limit: limit + 1,
    lookedAt: mostLookedAt,
    patterns: input.patterns.map(likeOf),
  });
  const found = rows.filter((row) => row.position !== null);
  const events = found.slice(0, limit);
  const isFull = found.length > limit;
  const reach = isFull ? events.at(-1)?.position : (rows[0]?.reach ?? found.at(-1)?.position);
  return {
    events,
    through: Math.max(reach ?? 0, after),
    hasMore: isFull || rows[0]?.isCut === true,
  };
}

type Row = { reach: number | null; isCut: boolean } & (
  | FeedEvent
  | { position: null; type: null; body: null }
);

type Values = {
  merchantId: MerchantId;
  after: number;
  patterns: readonly string[];
  channels: readonly string[];
  resourceId: string | undefined;
  limit: number;
  lookedAt: number;
};

function selectionOf({ patterns, channels = [], resourceId }: FeedSelection) {
  if (resourceId !== undefined) return selectResource;
  return channels.length > 0 || !patterns.includes('*') ? selectSome : selectAll;
}

const after = sql`${sql.placeholder('after')}::bigint`;
const isOurs = sql`merchant_id = ${text('merchantId')} and position > ${after}`;
const isWanted = sql`type like any(${texts('patterns')})
  and (cardinality(${texts('channels')}) = 0 or channels && ${texts('channels')})`;

const select = (name: string, build: () => SQL) => statement<Row, Values>(name, build);

/** Without a condition every event looked at is an event found, and the last one says how far. */
const selectAll = select(
  'list_events',
  () => sql`
  select position::float8, type, body, null as reach, false as "isCut" from ${events}
  where ${isOurs} order by ${events.position} limit ${sql.placeholder('limit')}`,
);

/** Looks at so many events and no further: `reach` is the last of them. */
const selectSome = select(
  'list_some_events',
  () => sql`
  with cut as (
    select position from ${events} where ${isOurs}
    order by ${events.position} offset ${sql.placeholder('lookedAt')}::int - 1 limit 1),
  looked as (
    select coalesce((select position from cut), ${lastPosition}) as reach,
      exists (select from cut) as is_cut)
  ${page(sql`position <= looked.reach and ${isWanted}`)}`,
);

/** The events of one resource are found by an index of their own: what lies between them costs nothing. */
const selectResource = select(
  'list_resource_events',
  () => sql`
  with looked as (select ${lastPosition} as reach, false as is_cut)
  ${page(sql`resource_id = ${text('resourceId')} and ${isWanted}`)}`,
);

const lastPosition = sql`(select max(position) from ${events} where merchant_id = ${text('merchantId')})`;

const page = (condition: SQL) => sql`
  select looked.reach::float8, looked.is_cut as "isCut", found.position::float8, found.type, found.body
  from looked left join lateral (
    select position, type, body from ${events} where ${isOurs} and ${condition}
    order by position limit ${sql.placeholder('limit')}) as found on true
  order by found.position`;

/** An event pattern in the words of LIKE, where an underscore is a wildcard. */
export function likeOf(pattern: string): string {
  return pattern.replaceAll('_', '\\_').replace(/\*$/, '%');
}
