import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { text } from '../placeholders.ts';
import { consumerGroups } from '../schema/events.ts';
import { statement } from '../statement.ts';

export type AcknowledgeResult =
  | { kind: 'acknowledged'; position: number }
  /** It had been acknowledged so far, or further, under this lease. */
  | { kind: 'repeated'; position: number }
  /** The lease does not reach so far. */
  | { kind: 'beyondLease'; leasePosition: number }
  /** The events are another member's, or the group has moved on without this lease. */
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
const isTaken = sql`lease_token = ${text('leaseToken')}`;

/** Whoever waits for the batch is told in the same statement, once all of it is acknowledged. */
const move = statement<object, Acknowledgement & { groupKey: string }>(
  'acknowledge_events',
  () => sql`
  update ${consumerGroups} set ${bare(consumerGroups.position)} = ${cursor},
    ${bare(consumerGroups.acknowledgedAt)} = now(),
    ${bare(consumerGroups.acknowledgedToken)} = ${text('leaseToken')},
    ${bare(consumerGroups.leaseUntil)} = case when ${cursor} = ${consumerGroups.leasePosition} then null else ${consumerGroups.leaseUntil} end
  where ${isGroup} and ${isTaken} and ${cursor} > position and ${cursor} <= lease_position
  returning case when lease_until is null
    then pg_notify('tender_feed', ${text('groupKey')})::text end`,
);

type Row = {
  position: number;
  leasePosition: number | null;
  isTaken: boolean | null;
  isAcknowledged: boolean | null;
};

const explain = statement<Row, Acknowledgement>(
  'explain_acknowledgement',
  () => sql`
  select position::float8, lease_position::float8 as "leasePosition", ${isTaken} as "isTaken",
    acknowledged_token = ${text('leaseToken')} as "isAcknowledged"
  from ${consumerGroups} where ${isGroup}`,
);

/** What members of a group that wait for its batch listen for, on the channel of the feed. */
export const groupKeyOf = ({ merchantId, name }: { merchantId: MerchantId; name: string }) =>
  `${merchantId}/${name}`;

/**
 * Moves a group forward within the lease of the token. A lease that has run out still counts while
 * nobody else was given its events. What was refused stays so: a token that is lost never comes back.
 */
export async function acknowledgeEvents(
  db: Database,
  input: Acknowledgement,
): Promise<AcknowledgeResult> {
  const moved = await move(db, { ...input, groupKey: groupKeyOf(input) });
  if (moved.length === 1) return { kind: 'acknowledged', position: input.cursor };
  const [row] = await explain(db, input);
  if (!row) return { kind: 'noGroup' };
  const isRepeat =
    (row.isTaken === true || row.isAcknowledged === true) && input.cursor <= row.position;
  if (isRepeat) return { kind: 'repeated', position: row.position };
  if (!row.isTaken) return { kind: 'leaseLost' };
  return { kind: 'beyondLease', leasePosition: row.leasePosition ?? row.position };
}
