import { sql } from 'drizzle-orm';
import type { EventId, MerchantId } from '../../domain/ids.ts';
import { dispatchShards, events } from '../schema/events.ts';
import { merchants } from '../schema/merchants.ts';
import type { Transaction } from '../transaction.ts';

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
};

/** One statement: locks the shard, takes the next events in the order in which they were written, numbers them. Undefined when fenced. */
export async function numberEvents(
  tx: Transaction,
  { shard, epoch, limit }: { shard: number; epoch: number; limit: number },
): Promise<ClaimedEvent[] | undefined> {
  // A plain index scan steps over what earlier claims took and remembers it as dead; a bitmap scan, which
  // the planner prefers for a short queue, reads all of it again every time.
  await tx.execute(sql`set local enable_bitmapscan = off`);
  const { rows } = await tx.execute<Record<keyof ClaimedEvent, unknown>>(sql`
    with held as (
      select last_position from ${dispatchShards}
      where shard = ${shard} and epoch = ${epoch} for update),
    waiting as (
      select id, seq from ${events}
      where shard = ${shard} and position is null and exists (select from held)
      order by seq limit ${limit}),
    batch as (select id, row_number() over (order by seq) as n from waiting),
    numbered as (
      update ${events} set position = held.last_position + batch.n from batch, held
      where ${events.id} = batch.id
      returning ${events.id}, merchant_id, type, resource_id, channels, body, position, created_at),
    advanced as (
      update ${dispatchShards} set last_position = held.last_position + (select count(*) from batch)
      from held where ${dispatchShards.shard} = ${shard} and exists (select from batch))
    select numbered.id, merchant_id as "merchantId", endpoints_version as "endpointsVersion", type,
      resource_id as "resourceId", channels, body, position, numbered.created_at as "createdAt"
    from numbered join ${merchants} on ${merchants.id} = merchant_id
    union all select null, null, null, null, null, null, null, null, null
      from held where not exists (select from batch)
    order by position`);
  if (rows.length === 0) return undefined;
  return rows
    .filter(({ id }) => id !== null)
    .map((row) => ({
      ...(row as ClaimedEvent),
      // A statement that drizzle did not build gives bigints and times as text.
      endpointsVersion: Number(row.endpointsVersion),
      position: Number(row.position),
      createdAt: new Date(row.createdAt as string),
    }));
}
