import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { Filter } from '../../domain/filter.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { text } from '../placeholders.ts';
import { consumerGroups } from '../schema/events.ts';
import { statement } from '../statement.ts';

const isGroup = sql`merchant_id = ${text('merchantId')} and name = ${text('name')}`;

export type GroupState = {
  position: number;
  eventTypes: string[];
  filter: Filter | null;
  /** How long the current batch is leased, ms; 0 if none is. */
  leaseLeftMs: number;
  /** Differs for every batch. */
  leaseId: string | null;
  /** Differs if the group was deleted and created again. */
  identity: string;
};

const identity = sql`extract(epoch from created_at)::text`;

const read = statement<GroupState, { merchantId: MerchantId; name: string }>(
  'read_group_state',
  () => sql`
  select position::float8, event_types as "eventTypes", filter,
    greatest(0, coalesce(extract(epoch from lease_until - now()) * 1000, 0))::float8 as "leaseLeftMs",
    lease_token as "leaseId", ${identity} as identity
  from ${consumerGroups} where ${isGroup}`,
);

/** A group's state; undefined if there is no such group. */
export async function readGroupState(
  db: Database,
  key: { merchantId: MerchantId; name: string },
): Promise<GroupState | undefined> {
  const [state] = await read(db, key);
  return state;
}

type FeedRange = {
  merchantId: MerchantId;
  name: string;
  identity: string;
  /** The group's position when the events were read. */
  position: number;
  /** The position of the last event. */
  through: number;
};

const through = sql`${sql.placeholder('through')}::bigint`;
const isUnchanged = sql`${isGroup} and ${identity} = ${text('identity')}
  and position = ${sql.placeholder('position')}::bigint
  and (lease_until is null or lease_until <= now())`;

type Lease = FeedRange & { leaseToken: string; leaseSeconds: number };

const lease = statement<object, Lease>(
  'lease_events',
  () => sql`
  update ${consumerGroups} set ${bare(consumerGroups.leaseToken)} = ${text('leaseToken')},
    ${bare(consumerGroups.leasePosition)} = ${through},
    ${bare(consumerGroups.leaseUntil)} = now() + make_interval(secs => ${sql.placeholder('leaseSeconds')}::int)
  where ${isUnchanged} returning 1`,
);

/** Leases the events after the group's position to one member; false if another was first. */
export async function leaseEvents(db: Database, input: Lease): Promise<boolean> {
  return (await lease(db, input)).length === 1;
}

const skip = statement<object, FeedRange>(
  'skip_events',
  () =>
    sql`update ${consumerGroups} set ${bare(consumerGroups.position)} = ${through} where ${isUnchanged}`,
);

/** Records that nothing up to `through` is for the group, unless it has moved meanwhile. */
export async function skipEvents(db: Database, input: FeedRange): Promise<void> {
  await skip(db, input);
}
