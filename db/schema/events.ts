import { bigint, index, integer, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { EventId, MerchantId } from '../../domain/ids.ts';

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
    /** What the event is about, e.g. an order's id. */
    resourceId: text().notNull(),
    /** The exact bytes every delivery sends, at every attempt. */
    body: text().notNull(),
    /** The event's place in its shard's feed, given by the dispatcher after the commit; null until then. */
    position: bigint({ mode: 'number' }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    index('events_unnumbered')
      .on(t.shard, t.seq)
      .where(sql`${t.position} is null`),
    uniqueIndex('events_feed')
      .on(t.merchantId, t.position)
      .where(sql`${t.position} is not null`),
  ],
);

/** One row a shard: the last position given, and who may give the next. */
export const dispatchShards = pgTable('dispatch_shards', {
  shard: integer().primaryKey(),
  lastPosition: bigint({ mode: 'number' }).notNull().default(0),
  /** Raised by every relay that takes over; one that finds a higher epoch than its own stops. */
  epoch: integer().notNull().default(0),
});
