import {
  bigint,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import type { Qos } from '../../domain/delivery.ts';
import type { ExchangeStatus } from '../../domain/exchange.ts';
import type { Filter } from '../../domain/filter.ts';
import type { EndpointId, MerchantId, MessageId, SessionId, TopicId } from '../../domain/ids.ts';
import type { Address } from '../../domain/participant.ts';
import type { SessionStatus } from '../../domain/session.ts';
import { merchants } from './merchants.ts';

const at = () => timestamp({ withTimezone: true });
const ownMerchant = () =>
  text()
    .$type<MerchantId>()
    .notNull()
    .references(() => merchants.id);

/** `merchantId` allows `contactId` to write to it. No foreign key, so that an allowance does not reveal who exists. */
export const contacts = pgTable(
  'contacts',
  {
    merchantId: ownMerchant(),
    contactId: text().$type<MerchantId>().notNull(),
    createdAt: at().notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.merchantId, t.contactId] })],
);

/** A request and its one reply. */
export const messages = pgTable(
  'messages',
  {
    id: text().$type<MessageId>().primaryKey(),
    /** The requester. */
    merchantId: ownMerchant(),
    /** The sender's own key; a repeat returns the existing request. */
    messageKey: text(),
    /** SHA-256 of the request's content, to detect other content under a known key. */
    contentHash: text().notNull(),
    /** The addressee: an endpoint is called by the request's workflow, a merchant gets an event. */
    toMerchantId: ownMerchant(),
    toEndpointId: text().$type<EndpointId>(),
    subject: text().notNull(),
    /** JSON, byte for byte as it is sent. */
    body: text().notNull(),
    /** `at_most_once`: an endpoint is called at most once, and never if an earlier call is uncertain. */
    qos: text().$type<Qos>().notNull().default('at_least_once'),
    status: text().$type<ExchangeStatus>().notNull().default('pending'),
    reply: text(),
    /** `answer`: the reply came as the HTTP answer to the request; `post`: later, with an API key. */
    replyVia: text().$type<'answer' | 'post'>(),
    repliedAt: at(),
    /** The first reply after the deadline; stored, but without effect. */
    lateReply: text(),
    expiresAt: at().notNull(),
    createdAt: at().notNull().defaultNow(),
    recoveredAt: timestamp('swept_at', { withTimezone: true }),
  },
  (t) => [
    uniqueIndex('messages_key')
      .on(t.merchantId, t.messageKey)
      .where(sql`${t.messageKey} is not null`),
    index('messages_pending')
      .on(t.createdAt)
      .where(sql`${t.status} = 'pending'`),
  ],
);

/** A session of two participants, each of whom sends one message. */
export const sessions = pgTable(
  'sessions',
  {
    id: text().$type<SessionId>().primaryKey(),
    /** The merchant that opened it. */
    merchantId: ownMerchant(),
    sessionKey: text(),
    contentHash: text().notNull(),
    firstAddress: text().$type<Address>().notNull(),
    firstMerchantId: ownMerchant(),
    secondAddress: text().$type<Address>().notNull(),
    secondMerchantId: ownMerchant(),
    subject: text().notNull(),
    status: text().$type<SessionStatus>().notNull().default('open'),
    closesAt: at().notNull(),
    endedAt: at(),
    createdAt: at().notNull().defaultNow(),
    recoveredAt: timestamp('swept_at', { withTimezone: true }),
  },
  (t) => [
    uniqueIndex('sessions_key')
      .on(t.merchantId, t.sessionKey)
      .where(sql`${t.sessionKey} is not null`),
    index('sessions_open')
      .on(t.createdAt)
      .where(sql`${t.status} = 'open'`),
  ],
);

/** The message of one side of a session; never changes. */
export const sessionMessages = pgTable(
  'session_messages',
  {
    sessionId: text()
      .$type<SessionId>()
      .notNull()
      .references(() => sessions.id),
    sender: text().$type<Address>().notNull(),
    id: text().$type<MessageId>().notNull(),
    /** JSON, byte for byte as shown. */
    body: text().notNull(),
    createdAt: at().notNull(),
  },
  (t) => [primaryKey({ columns: [t.sessionId, t.sender] })],
);

/** The log of a group. */
export const topics = pgTable(
  'topics',
  {
    id: text().$type<TopicId>().primaryKey(),
    /** The owner, who alone manages the members. */
    merchantId: ownMerchant(),
    name: text().notNull(),
    /** The number of the last message; raised only under this row's lock. */
    lastSeq: bigint({ mode: 'number' }).notNull().default(0),
    createdAt: at().notNull().defaultNow(),
  },
  (t) => [uniqueIndex('topics_name').on(t.merchantId, t.name)],
);

export const topicMembers = pgTable(
  'topic_members',
  {
    topicId: text()
      .$type<TopicId>()
      .notNull()
      .references(() => topics.id),
    address: text().$type<Address>().notNull(),
    merchantId: ownMerchant(),
    /** Only messages that it accepts become events for this member. */
    filter: jsonb().$type<Filter>(),
    /** How far the member has read, as it reported. */
    cursor: bigint({ mode: 'number' }).notNull().default(0),
    joinedAt: at().notNull().defaultNow(),
    lastSeenAt: at(),
  },
  (t) => [
    primaryKey({ columns: [t.topicId, t.address] }),
    index('topic_members_by_merchant').on(t.merchantId),
  ],
);

export const topicMessages = pgTable(
  'topic_messages',
  {
    topicId: text()
      .$type<TopicId>()
      .notNull()
      .references(() => topics.id),
    /** 1, 2, 3, … without a gap. */
    seq: bigint({ mode: 'number' }).notNull(),
    id: text().$type<MessageId>().notNull(),
    merchantId: text().$type<MerchantId>().notNull(),
    sender: text().$type<Address>().notNull(),
    /** The key whose newest state the message is, such as a price's name. */
    key: text(),
    messageKey: text(),
    contentHash: text().notNull(),
    /** JSON, byte for byte as it is sent. */
    body: text().notNull(),
    createdAt: at().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.topicId, t.seq] }),
    uniqueIndex('topic_messages_key')
      .on(t.topicId, t.merchantId, t.messageKey)
      .where(sql`${t.messageKey} is not null`),
    index('topic_messages_latest')
      .on(t.topicId, t.key, t.seq)
      .where(sql`${t.key} is not null`),
  ],
);
