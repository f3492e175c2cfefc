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

/** The log of every state change, written in the transaction of the change. Append-only except `position`. */
export const events = pgTable(
  'events',
  {
    id: text().$type<EventId>().primaryKey(),
    /** Orders the events of one resource: ids and clocks of two machines may disagree. */
    seq: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    merchantId: text().$type<MerchantId>().notNull(),
    shard: integer().notNull(),
    type: text().notNull(),
    /** The publisher's channels; an endpoint with channels receives only events of those. */
    channels: text().array().notNull().default([]),
    /** The publisher's own key; publishing it again returns the existing event. */
    dedupeKey: text(),
    /** The resource's id, e.g. an order's. */
    resourceId: text().notNull(),
    /** The exact bytes of every delivery, at every attempt. */
    body: text().notNull(),
    /**
     * The event's position in its shard's feed: assigned by the publishing statement, or, if that is part of a longer
     * transaction, by the relay after the commit; null until then.
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
 * One row per shard with the last position assigned. Assigning one locks this row until the commit, so that positions
 * become visible in order.
 */
export const dispatchShards = pgTable('dispatch_shards', {
  shard: integer().primaryKey(),
  lastPosition: bigint({ mode: 'number' }).notNull().default(0),
});

/** The progress of a shard's relay. A separate row, because publishers lock the other one. */
export const dispatchCursors = pgTable('dispatch_cursors', {
  shard: integer().primaryKey(),
  /** The deliveries of all events up to this position are written. */
  position: bigint({ mode: 'number' }).notNull().default(0),
  /** Incremented by every relay that takes over; a relay that finds a higher epoch than its own stops. */
  epoch: integer().notNull().default(0),
});

/** A merchant's own event types; events published under one must fit its schema. */
export const eventTypeDefinitions = pgTable(
  'event_type_definitions',
  {
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    name: text().notNull(),
    description: text().notNull().default(''),
    /** JSON Schema 2020-12 of an event's `data`; null accepts anything. */
    schema: jsonb().$type<Record<string, unknown>>(),
    archivedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.name] })],
);

/** Groups of readers that share a position in the feed. */
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
    /** The token of the last acknowledgement, so that a repeat is recognised after others have moved on. */
    acknowledgedToken: text(),
    /** The current lease: its token, its last position, and until when it is exclusive. */
    leaseToken: text(),
    leasePosition: bigint({ mode: 'number' }),
    leaseUntil: timestamp({ withTimezone: true }),
    acknowledgedAt: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.name] })],
);
