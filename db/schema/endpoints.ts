import { index, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { EndpointId, EventId, Id, MerchantId } from '../../domain/ids.ts';
import { merchants } from './merchants.ts';

export const endpoints = pgTable(
  'endpoints',
  {
    id: text().$type<EndpointId>().primaryKey(),
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    url: text().notNull(),
    description: text(),
    eventTypes: text().array().notNull(),
    /** The signing secret `whsec_…`, sealed (`db/sealed.ts`). */
    sealedSecret: text().notNull(),
    status: text().$type<'enabled' | 'disabled'>().notNull().default('enabled'),
    disabledReason: text(),
    /**
     * Who delivers: the relay, or, while anything is outstanding, the workflow `endpoint/<id>`.
     * Flipped only under this row's lock.
     */
    driver: text().$type<'relay' | 'workflow'>().notNull().default('relay'),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    index('endpoints_by_merchant').on(t.merchantId),
    index('endpoints_in_trouble')
      .on(t.id)
      .where(sql`${t.driver} = 'workflow'`),
  ],
);

export type DeliveryStatus = 'pending' | 'delivered' | 'dead';

/** One event for one endpoint. Exactly one final status each, with a reason when it is `dead`. */
export const deliveries = pgTable(
  'deliveries',
  {
    eventId: text().$type<EventId>().notNull(),
    endpointId: text().$type<EndpointId>().notNull(),
    shard: integer().notNull(),
    status: text().$type<DeliveryStatus>().notNull().default('pending'),
    driver: text().$type<'relay' | 'workflow'>().notNull(),
    /** The relay that took it; an older one's unfinished work is taken over. */
    epoch: integer().notNull(),
    attempts: integer().notNull().default(0),
    nextAttemptAt: timestamp({ withTimezone: true }),
    lastStatusCode: integer(),
    lastError: text(),
    deadReason: text().$type<'exhausted' | 'gone' | 'endpoint_disabled'>(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    endedAt: timestamp({ withTimezone: true }),
  },
  (t) => [
    primaryKey({ columns: [t.eventId, t.endpointId] }),
    index('deliveries_for_relay')
      .on(t.shard)
      .where(sql`${t.status} = 'pending' and ${t.driver} = 'relay'`),
    index('deliveries_for_workflow')
      .on(t.endpointId, t.nextAttemptAt)
      .where(sql`${t.status} = 'pending' and ${t.driver} = 'workflow'`),
  ],
);

/** Every attempt that failed. One that succeeds at once is only its delivery's status. */
export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    id: text().$type<Id<'attempt'>>().primaryKey(),
    eventId: text().$type<EventId>().notNull(),
    endpointId: text().$type<EndpointId>().notNull(),
    attempt: integer().notNull(),
    statusCode: integer(),
    error: text(),
    /** The first 1,024 characters of what the receiver answered. */
    responseBody: text(),
    durationMs: integer().notNull(),
    startedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (t) => [index('delivery_attempts_by_delivery').on(t.eventId, t.endpointId)],
);
