import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { text } from '../placeholders.ts';
import { consumerGroups } from '../schema/events.ts';
import { statement } from '../statement.ts';

export type AcknowledgeResult =
  | { kind: 'acknowledged'; position: number }
  /** Acknowledged before, this far or further, under this lease. */
  | { kind: 'repeated'; position: number }
  /** The cursor is beyond the lease. */
  | { kind: 'beyondLease'; leasePosition: number }
  /** The events are leased to another member, or the group has moved on without this lease. */
  | { kind: 'leaseLost' }
  | { kind: 'noGroup' };

type Acknowledgement = {
  merchantId: MerchantId;
  name: string;
  leaseToken: string;
  cursor: number;
};

const cursor = sql`${sql.placeholder('cursor')}::bigint`;
const isGroup = sql`merchant_id = ${text('merchantId')} and name = ${text('name')}`;
const holdsLease = sql`lease_token = ${text('leaseToken')}`;

/** The same statement notifies waiting members once the whole batch is acknowledged. */
const move = statement<object, Acknowledgement & { groupKey: string }>(
  'acknowledge_events',
  () => sql`
  update ${consumerGroups} set ${bare(consumerGroups.position)} = ${cursor},
    ${bare(consumerGroups.acknowledgedAt)} = now(),
    ${bare(consumerGroups.acknowledgedToken)} = ${text('leaseToken')},
    ${bare(consumerGroups.leaseUntil)} = case when ${cursor} = ${consumerGroups.leasePosition} then null else ${consumerGroups.leaseUntil} end
  where ${isGroup} and ${holdsLease} and ${cursor} > position and ${cursor} <= lease_position
  returning case when lease_until is null
    then pg_notify('tender_feed', ${text('groupKey')})::text end`,
);

type Row = {
  position: number;
  leasePosition: number | null;
  holdsLease: boolean | null;
  isAcknowledged: boolean | null;
};

const readAcknowledgement = statement<Row, Acknowledgement>(
  'explain_acknowledgement',
  () => sql`
  select position::float8, lease_position::float8 as "leasePosition", ${holdsLease} as "holdsLease",
    acknowledged_token = ${text('leaseToken')} as "isAcknowledged"
  from ${consumerGroups} where ${isGroup}`,
);

/** The key, on the feed's channel, that waiting members of a group listen to. */
export const groupKeyOf = ({ merchantId, name }: { merchantId: MerchantId; name: string }) =>
  `${merchantId}/${name}`;

/**
 * Moves a group forward within the token's lease. An expired lease still counts until its events are leased to another
 * member. A refusal is final: a lost token never becomes valid again.
 */
export async function acknowledgeEvents(
  db: Database,
  input: Acknowledgement,
): Promise<AcknowledgeResult> {
  const moved = await move(db, { ...input, groupKey: groupKeyOf(input) });
  if (moved.length === 1) return { kind: 'acknowledged', position: input.cursor };
  const [row] = await readAcknowledgement(db, input);
  if (!row) return { kind: 'noGroup' };
  const isRepeat =
    (row.holdsLease === true || row.isAcknowledged === true) && input.cursor <= row.position;
  if (isRepeat) return { kind: 'repeated', position: row.position };
  if (!row.holdsLease) return { kind: 'leaseLost' };
  return { kind: 'beyondLease', leasePosition: row.leasePosition ?? row.position };
}
