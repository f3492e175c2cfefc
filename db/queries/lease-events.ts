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
  /** How long the batch that is out is still its member's, ms; 0 where none is. */
  leaseLeftMs: number;
  /** Another one with every batch. */
  leaseId: string | null;
  /** Another one where the group was deleted and made anew. */
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

/** Where a group stands; undefined where there is no such group. */
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
  /** Where the group stood when the events were read. */
  position: number;
  /** Where they end. */
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

/** Gives the events after the group's position to one member; false where another was first. */
export async function leaseEvents(db: Database, input: Lease): Promise<boolean> {
  return (await lease(db, input)).length === 1;
}

const skip = statement<object, FeedRange>(
  'skip_events',
  () =>
    sql`update ${consumerGroups} set ${bare(consumerGroups.position)} = ${through} where ${isUnchanged}`,
);

/** Remembers that nothing up to `through` is for the group, unless it has moved meanwhile. */
export async function skipEvents(db: Database, input: FeedRange): Promise<void> {
  await skip(db, input);
}
