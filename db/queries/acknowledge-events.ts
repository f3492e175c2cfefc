import { sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { consumerGroups } from '../schema/events.ts';
import { statement } from '../statement.ts';
import { acknowledgedToken, takenToken } from './lease-events.ts';

export type AcknowledgeResult =
  | { kind: 'acknowledged'; position: number }
  /** It had been acknowledged so far, or further, under this lease. */
  | { kind: 'repeated'; position: number }
  /** The lease does not reach so far. */
  | { kind: 'beyondLease'; leasePosition: number }
  /** The events are another member's, or the group has moved on without this lease. */
  | { kind: 'leaseLost' }
  | { kind: 'noGroup' };

type Row = {
  position: number;
  leasePosition: number | null;
  isTaken: boolean;
  isAcknowledged: boolean;
  isMoved: boolean;
};

type Values = {
  merchantId: MerchantId;
  name: string;
  leaseToken: string;
  cursor: number;
  /** Told to members that wait for the group: `groupKeyOf`. */
  groupKey: string;
};

const text = (name: string) => sql`${sql.placeholder(name)}::text`;
const cursor = sql`${sql.placeholder('cursor')}::bigint`;
const isGroup = sql`merchant_id = ${text('merchantId')} and name = ${text('name')}`;

/** The group's row is locked first: what is decided about it still holds when it is changed. */
const acknowledge = statement<Row, Values>(
  'acknowledge_events',
  () => sql`
  with held as (
    select position, lease_position, ${takenToken} = ${text('leaseToken')} as is_taken,
      ${acknowledgedToken} = ${text('leaseToken')} as is_acknowledged
    from ${consumerGroups} where ${isGroup} for update),
  moved as (
    update ${consumerGroups} set position = ${cursor}, acknowledged_at = now(),
      lease_token = ${text('leaseToken')} || ' ' || ${text('leaseToken')},
      lease_until = case when ${cursor} = lease_position then null else lease_until end
    where ${isGroup} and exists (
      select from held where is_taken and ${cursor} > position and ${cursor} <= lease_position)
    returning case when lease_until is null
      then pg_notify('tender_feed', ${text('groupKey')}) end)
  select position::float8, lease_position::float8 as "leasePosition",
    coalesce(is_taken, false) as "isTaken", coalesce(is_acknowledged, false) as "isAcknowledged",
    exists (select from moved) as "isMoved" from held`,
);

/** What members of a group that wait for its batch listen for, on the channel of the feed. */
export const groupKeyOf = ({ merchantId, name }: { merchantId: MerchantId; name: string }) =>
  `${merchantId}/${name}`;

/**
 * Moves a group forward within the lease of the token, in one statement. A lease that has run out still
 * counts while nobody else was given its events.
 */
export async function acknowledgeEvents(
  db: Database,
  input: Omit<Values, 'groupKey'>,
): Promise<AcknowledgeResult> {
  const [row] = await acknowledge(db, { ...input, groupKey: groupKeyOf(input) });
  if (!row) return { kind: 'noGroup' };
  if (row.isMoved) return { kind: 'acknowledged', position: input.cursor };
  const isRepeat = (row.isTaken || row.isAcknowledged) && input.cursor <= row.position;
  if (isRepeat) return { kind: 'repeated', position: row.position };
  if (row.isTaken) return { kind: 'beyondLease', leasePosition: row.leasePosition ?? row.position };
  return { kind: 'leaseLost' };
}
