import { sql } from 'drizzle-orm';
import type { EventId, MerchantId } from '../../domain/ids.ts';
import { dispatchShards, events } from '../schema/events.ts';
import { merchants } from '../schema/merchants.ts';
import { statement } from '../statement.ts';
import type { Runner } from '../statement.ts';

export type ClaimedEvent = {
  id: EventId;
  merchantId: MerchantId;
  endpointsVersion: number;
  type: string;
  resourceId: string;
  channels: string[];
  body: string;
  createdAt: Date;
  position: number;
  seq: number;
};

// The driver gives bigints as text.
type Row = Omit<ClaimedEvent, 'position' | 'seq' | 'endpointsVersion'> & {
  position: string;
  seq: string;
  endpointsVersion: string;
};

const shard = sql`${sql.placeholder('shard')}::int`;

type Next = { shard: number; epoch: number; limit: number; afterSeq: number };

const number = statement<Row | { id: null }, Next>(
  'number_events',
  () => sql`
  with held as (
    select last_position from ${dispatchShards}
    where shard = ${shard} and epoch = ${sql.placeholder('epoch')}::int for update),
  waiting as (
    select id, seq from ${events}
    where shard = ${shard} and position is null and seq > ${sql.placeholder('afterSeq')}::bigint
      and exists (select from held)
    order by seq limit ${sql.placeholder('limit')}::int),
  batch as (select id, row_number() over (order by seq) as n from waiting),
  numbered as (
    update ${events} set position = held.last_position + batch.n from batch, held
    where ${events.id} = batch.id
    returning ${events.id}, merchant_id, type, resource_id, channels, body, position, seq, created_at),
  advanced as (
    update ${dispatchShards} set last_position = held.last_position + (select count(*) from batch)
    from held where ${dispatchShards.shard} = ${shard} and exists (select from batch))
  select numbered.id, merchant_id as "merchantId", endpoints_version as "endpointsVersion", type,
    resource_id as "resourceId", channels, body, position, seq, numbered.created_at as "createdAt"
  from numbered join ${merchants} on ${merchants.id} = merchant_id
  union all select null, null, null, null, null, null, null, null, null, null
    from held where not exists (select from batch)
  order by position`,
);

/**
 * One statement: locks the shard, takes the next events in the order in which they were written, numbers
 * them. Undefined when fenced. `afterSeq` spares it what the index remembers of older ones.
 */
export async function numberEvents(
  runner: Runner,
  { shard, epoch, limit, afterSeq }: Next,
): Promise<ClaimedEvent[] | undefined> {
  const rows = await number(runner, { shard, epoch, limit, afterSeq });
  if (rows.length === 0) return undefined;
  return rows
    .filter((row): row is Row => row.id !== null)
    .map((row) => ({
      ...row,
      position: Number(row.position),
      seq: Number(row.seq),
      endpointsVersion: Number(row.endpointsVersion),
    }));
}
