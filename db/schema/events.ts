import {
  bigint,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { Filter } from '../../domain/filter.ts';
import type { EventId, MerchantId } from '../../domain/ids.ts';
import { merchants } from './merchants.ts';

/** The log of every state change, written in the transaction of the change. Append-only but for `position`. */
export const events = pgTable(
  'events',
  {
    id: text().$type<EventId>().primaryKey(),
    /** Of two events of one resource the later has the larger: ids and clocks of two machines may disagree. */
    seq: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    merchantId: text().$type<MerchantId>().notNull(),
    shard: integer().notNull(),
    type: text().notNull(),
    /** Where a publisher named some: an endpoint with channels hears only those. */
    channels: text().array().notNull().default([]),
    /** The publisher's own key for this event; publishing it again is answered with what there is. */
    dedupeKey: text(),
    /** What the event is about, e.g. an order's id. */
    resourceId: text().notNull(),
    /** The exact bytes every delivery sends, at every attempt. */
    body: text().notNull(),
    /**
     * The event's place in its shard's feed: given by the statement that publishes it, or, where that is
     * part of a longer transaction, by the relay after the commit; null until then.
     */
    position: bigint({ mode: 'number' }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    index('events_unnumbered')
      .on(t.shard, t.seq)
      .where(sql`${t.position} is null`),
    index('events_unnumbered_of_merchant')
      .on(t.merchantId)
      .where(sql`${t.position} is null`),
    uniqueIndex('events_feed')
      .on(t.merchantId, t.position)
      .where(sql`${t.position} is not null`),
    index('events_in_order')
      .on(t.shard, t.position)
      .where(sql`${t.position} is not null`),
    uniqueIndex('events_dedupe')
      .on(t.merchantId, t.dedupeKey)
      .where(sql`${t.dedupeKey} is not null`),
    index('events_by_resource').on(t.merchantId, t.resourceId, t.position),
  ],
);

/**
 * One row a shard: the last position given. Whoever gives one holds this row until it is committed, so
 * that positions become visible in their order.
 */
export const dispatchShards = pgTable('dispatch_shards', {
  shard: integer().primaryKey(),
  lastPosition: bigint({ mode: 'number' }).notNull().default(0),
});

/** How far a shard's relay is. A row of its own, because those who publish hold the other one. */
export const dispatchCursors = pgTable('dispatch_cursors', {
  shard: integer().primaryKey(),
  /** The deliveries of all events up to this position are written. */
  position: bigint({ mode: 'number' }).notNull().default(0),
  /** Raised by every relay that takes over; one that finds a higher epoch than its own stops. */
  epoch: integer().notNull().default(0),
});

/** A merchant's own event types; what is published under one must fit its schema. */
export const eventTypeDefinitions = pgTable(
  'event_type_definitions',
  {
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    name: text().notNull(),
    description: text().notNull().default(''),
    /** JSON Schema 2020-12 of an event's `data`; null takes anything. */
    schema: jsonb().$type<Record<string, unknown>>(),
    archivedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.name] })],
);

/** Readers of the feed that remember together how far they are. */
export const consumerGroups = pgTable(
  'consumer_groups',
  {
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    name: text().notNull(),
    eventTypes: text().array().notNull(),
    filter: jsonb().$type<Filter>(),
    /** Everything up to here is acknowledged. */
    position: bigint({ mode: 'number' }).notNull().default(0),
    /** Whose acknowledgement was the last, so that it can be said again after others have gone on. */
    acknowledgedToken: text(),
    /** What is being worked on, by whom, and until when nobody else gets it. */
    leaseToken: text(),
    leasePosition: bigint({ mode: 'number' }),
    leaseUntil: timestamp({ withTimezone: true }),
    acknowledgedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.name] })],
);
