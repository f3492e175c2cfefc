import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { Congestion } from '../../domain/congestion.ts';
import type {
  DeliveryFormat,
  EndpointAuthKind,
  Priority,
  Qos,
  Destination,
} from '../../domain/delivery.ts';
import type { Filter } from '../../domain/filter.ts';
import type {
  EndpointId,
  EventId,
  Id,
  MerchantId,
  PortalLinkId,
  ReplayId,
} from '../../domain/ids.ts';
import { merchants } from './merchants.ts';

/** How an endpoint receives events of some types; the first rule that matches an event's type applies. */
export type EndpointRule = {
  eventTypes: string[];
  priority?: Priority | undefined;
  /** An event not delivered within this time is dropped, with that reason. */
  ttlSeconds?: number | undefined;
  /** Only the newest event of a resource matters: it supersedes waiting ones. */
  latestOnly?: boolean | undefined;
  /** `at_most_once`: sent once or not at all. */
  qos?: Qos | undefined;
  /** Waits after the first, second, … failed attempt. */
  retrySeconds?: number[] | undefined;
};

/** `unverified`: has not answered the handshake yet; `paused`: deliveries wait. */
export type EndpointStatus = 'enabled' | 'paused' | 'disabled' | 'unverified';

export const endpoints = pgTable(
  'endpoints',
  {
    id: text().$type<EndpointId>().primaryKey(),
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    url: text().notNull(),
    /** The broker's exchange or topic; null for an HTTP address. */
    destination: jsonb().$type<Destination>(),
    description: text(),
    metadata: jsonb().$type<Record<string, string>>().notNull().default({}),
    eventTypes: text().array().notNull(),
    /** Empty: all channels, and events without a channel. */
    channels: text().array().notNull().default([]),
    /** A condition on events, in the language of `domain/filter.ts`. */
    filter: jsonb().$type<Filter>(),
    /** If set, only events of this resource: a `notifyUrl` is such an endpoint. */
    resourceId: text(),
    rules: jsonb().$type<EndpointRule[]>().notNull().default([]),
    payload: text().$type<'full' | 'id'>().notNull().default('full'),
    format: text().$type<DeliveryFormat>().notNull().default('json'),
    /** The version of the payload's shape that the endpoint expects. */
    payloadVersion: text().notNull().default('2026-11-01'),
    ordering: text().$type<'none' | 'resource'>().notNull().default('none'),
    ratePerSecond: integer(),
    maxConcurrency: integer(),
    /** Waits after the first, second, … failed attempt; null for the platform's schedule. */
    retrySeconds: integer().array(),
    /** The merchant's own headers and Tender's credentials at the endpoint, JSON, sealed (`db/sealed.ts`). */
    sealedAccess: text(),
    /** The part of it that may be shown. */
    auth: text().$type<EndpointAuthKind>().notNull().default('none'),
    headerNames: text().array().notNull().default([]),
    /** `whsec_…` (HMAC, v1) or `whsk_…` (ed25519, v1a), sealed. */
    sealedSecret: text().notNull(),
    /** `whpk_…`, if the secret is a private key. */
    publicKey: text(),
    /** The previous secret, which also signs until `previousSecretUntil`. */
    previousSealedSecret: text(),
    previousPublicKey: text(),
    previousSecretUntil: timestamp({ withTimezone: true }),
    status: text().$type<EndpointStatus>().notNull().default('enabled'),
    disabledReason: text(),
    /**
     * Who delivers new events: the relay, or from a failure until recovery the workflow `endpoint/<id>`. Changed only
     * under this row's lock.
     */
    deliveryOwner: text('driver').$type<'relay' | 'workflow'>().notNull().default('relay'),
    /** The state of `domain/congestion.ts` as the workflow left it; null if there is none. */
    congestion: jsonb().$type<Congestion>(),
    failingSince: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    index('endpoints_by_merchant').on(t.merchantId),
    index('endpoints_of_resource')
      .on(t.resourceId)
      .where(sql`${t.resourceId} is not null`),
    index('endpoints_with_public_keys')
      .on(t.id)
      .where(sql`${t.publicKey} is not null or ${t.previousPublicKey} is not null`),
    index('endpoints_by_key_id')
      .on(sql`tender_key_id(${t.publicKey})`)
      .where(sql`${t.publicKey} is not null`),
    index('endpoints_by_previous_key_id')
      .on(sql`tender_key_id(${t.previousPublicKey})`)
      .where(sql`${t.previousPublicKey} is not null`),
    index('endpoints_owned_by_workflow')
      .on(t.id)
      .where(sql`${t.deliveryOwner} = 'workflow'`),
    index('endpoints_failing')
      .on(t.failingSince)
      .where(sql`${t.failingSince} is not null`),
  ],
);

export type DeliveryStatus = 'pending' | 'delivered' | 'dead' | 'dropped';

/** Why a delivery ended undelivered: `dead` needs a person, `dropped` is intended. */
export type EndReason =
  | 'exhausted'
  | 'gone'
  | 'endpoint_disabled'
  | 'endpoint_deleted'
  | 'expired'
  | 'superseded'
  /** At-most-once delivery whose only attempt failed. */
  | 'at_most_once';

/** One event for one endpoint. Exactly one final status each, with a reason unless it was delivered. */
export const deliveries = pgTable(
  'deliveries',
  {
    eventId: text().$type<EventId>().notNull(),
    endpointId: text().$type<EndpointId>().notNull(),
    shard: integer().notNull(),
    status: text().$type<DeliveryStatus>().notNull().default('pending'),
    deliveryOwner: text('driver').$type<'relay' | 'workflow'>().notNull(),
    /** The relay that took it; the next relay takes over unfinished work of an older epoch. */
    epoch: integer().notNull(),
    /** The event's position in the feed; decides the order if it matters. */
    position: bigint({ mode: 'number' }).notNull().default(0),
    /** 0 high, 1 normal, 2 low. */
    priority: smallint().notNull().default(1),
    /** Groups deliveries that wait for or supersede each other; null for neither. */
    orderKey: text(),
    /** A newer one with the same key supersedes it. */
    isLatestOnly: boolean().notNull().default(false),
    /** Sent at most once, and only by the relay that wrote it. */
    isAtMostOnce: boolean().notNull().default(false),
    expiresAt: timestamp({ withTimezone: true }),
    attempts: integer().notNull().default(0),
    /** How often it was replayed. */
    replays: integer().notNull().default(0),
    nextAttemptAt: timestamp({ withTimezone: true }),
    lastStatusCode: integer(),
    lastError: text(),
    endReason: text().$type<EndReason>(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    endedAt: timestamp({ withTimezone: true }),
  },
  (t) => [
    primaryKey({ columns: [t.eventId, t.endpointId] }),
    index('deliveries_for_relay')
      .on(t.shard)
      .where(sql`${t.status} = 'pending' and ${t.deliveryOwner} = 'relay'`),
    index('deliveries_for_workflow')
      .on(t.endpointId, t.priority, t.position)
      .where(sql`${t.status} = 'pending' and ${t.deliveryOwner} = 'workflow'`),
    index('deliveries_by_order_key')
      .on(t.endpointId, t.orderKey, t.position)
      .where(sql`${t.status} = 'pending' and ${t.orderKey} is not null`),
    index('deliveries_expiring')
      .on(t.endpointId, t.expiresAt)
      .where(sql`${t.status} = 'pending' and ${t.expiresAt} is not null`),
    index('deliveries_undelivered')
      .on(t.endpointId, t.position)
      .where(sql`${t.status} in ('dead', 'dropped')`),
  ],
);

/** Every failed attempt. A success is recorded only in the delivery's status. */
export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    id: text().$type<Id<'attempt'>>().primaryKey(),
    eventId: text().$type<EventId>().notNull(),
    endpointId: text().$type<EndpointId>().notNull(),
    attempt: integer().notNull(),
    statusCode: integer(),
    error: text(),
    /** The first 1,024 characters of the receiver's answer. */
    responseBody: text(),
    /** The first headers of the answer, a few kilobytes at most. */
    responseHeaders: jsonb().$type<Record<string, string>>(),
    durationMs: integer().notNull(),
    startedAt: timestamp({ withTimezone: true }).notNull(),
  },
  (t) => [
    index('delivery_attempts_by_delivery').on(t.eventId, t.endpointId),
    index('delivery_attempts_by_endpoint').on(t.endpointId, t.startedAt),
  ],
);

/** Deliveries to an endpoint in one minute, for the metrics on its page; kept for a day. */
export const endpointMinutes = pgTable(
  'endpoint_minutes',
  {
    endpointId: text().$type<EndpointId>().notNull(),
    minute: timestamp({ withTimezone: true }).notNull(),
    sent: integer().notNull(),
    delivered: integer().notNull(),
    /** Sums over the deliveries: from the event to the call, and from the call to the answer. */
    waitingMs: bigint({ mode: 'number' }).notNull(),
    transferMs: bigint({ mode: 'number' }).notNull(),
    /** The last congestion window. */
    window: doublePrecision().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.endpointId, t.minute] }),
    index('endpoint_minutes_by_minute').on(t.minute),
  ],
);

/** A replay: past events sent again to one endpoint, as a job that can be watched and cancelled. */
export const replays = pgTable(
  'replays',
  {
    id: text().$type<ReplayId>().primaryKey(),
    merchantId: text().$type<MerchantId>().notNull(),
    endpointId: text().$type<EndpointId>().notNull(),
    kind: text().$type<'replay' | 'recover'>().notNull(),
    eventTypes: text().array().notNull(),
    since: timestamp({ withTimezone: true }).notNull(),
    until: timestamp({ withTimezone: true }).notNull(),
    status: text().$type<'running' | 'done' | 'cancelled'>().notNull().default('running'),
    /** Everything up to this position was examined. */
    position: bigint({ mode: 'number' }).notNull().default(0),
    lookedAt: integer().notNull().default(0),
    queued: integer().notNull().default(0),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
    endedAt: timestamp({ withTimezone: true }),
  },
  (t) => [
    index('replays_by_merchant').on(t.merchantId, t.id),
    index('replays_running')
      .on(t.id)
      .where(sql`${t.status} = 'running'`),
  ],
);

/** A link to a merchant's own pages: short-lived, and stored only as a hash. */
export const portalLinks = pgTable(
  'portal_links',
  {
    tokenHash: text().primaryKey(),
    merchantId: text()
      .$type<MerchantId>()
      .notNull()
      .references(() => merchants.id),
    /**
     * For listing and revoking. Null, like the key, if a process of an earlier release created it; such links are gone
     * within a day.
     */
    id: text().$type<PortalLinkId>(),
    /** The API key that created it: the link ends with it. */
    madeByKey: text().$type<Id<'apiKey'>>(),
    expiresAt: timestamp({ withTimezone: true }).notNull(),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    index('portal_links_by_end').on(t.expiresAt),
    index('portal_links_by_merchant').on(t.merchantId, t.id),
  ],
);
