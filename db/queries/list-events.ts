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
  /** The feed was examined up to here; continue from here, even if nothing was found. */
  through: number;
  /** There is more to examine now. */
  hasMore: boolean;
};

/** Selects events that match all of these conditions. */
export type FeedSelection = {
  /** As in `domain/events.ts`. */
  patterns: readonly string[];
  /** Empty: all channels, and events without a channel. */
  channels?: readonly string[];
  resourceId?: string | undefined;
};

/** The most events that one query examines, so that a selective reader does not hold up the database. */
const mostScanned = 2_000;

/** A merchant's feed after a position, in order. */
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
    scanned: mostScanned,
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
  scanned: number;
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

/** Without a condition every examined event is returned, and the last one shows how far. */
const selectAll = select(
  'list_events',
  () => sql`
  select position::float8, type, body, null as reach, false as "isCut" from ${events}
  where ${isOurs} order by ${events.position} limit ${sql.placeholder('limit')}`,
);

/** Examines a limited number of events; `reach` is the last of them. */
const selectSome = select(
  'list_some_events',
  () => sql`
  with cut as (
    select position from ${events} where ${isOurs}
    order by ${events.position} offset ${sql.placeholder('scanned')}::int - 1 limit 1),
  looked as (
    select coalesce((select position from cut), ${lastPosition}) as reach,
      exists (select from cut) as is_cut)
  ${page(sql`position <= looked.reach and ${isWanted}`)}`,
);

/** The events of one resource have an index of their own; others in between cost nothing. */
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

/**
 * Converts an event pattern to a LIKE pattern, where an underscore is a wildcard.
 * @example likeOf('order.*') // 'order.%'
 */
export function likeOf(pattern: string): string {
  return pattern.replaceAll('_', '\\_').replace(/\*$/, '%');
}
