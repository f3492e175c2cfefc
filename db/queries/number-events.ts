import type { ClientBase } from 'pg';
import { sql } from 'drizzle-orm';
import { bare } from '../columns.ts';
import { dispatchShards, events } from '../schema/events.ts';
import { statement, transact } from '../statement.ts';

type Numbered = {
  count: number;
  /** The largest `seq` that got a position; 0 if none did. */
  lastSeq: number;
};

const shard = sql`${sql.placeholder('shard')}::int`;

const lock = statement<{ shard: number }, { shard: number }>(
  'lock_shard',
  () => sql`select shard from ${dispatchShards} where shard = ${shard} for update`,
);

type Next = { shard: number; limit: number; afterSeq: number };

const number = statement<Numbered, Next>(
  'number_events',
  () => sql`
  with batch as (
    select id, seq, row_number() over (order by seq) as n from (
      select id, seq from ${events}
      where shard = ${shard} and position is null and seq > ${sql.placeholder('afterSeq')}::bigint
      order by seq limit ${sql.placeholder('limit')}::int) as waiting),
  numbered as (
    update ${events} set ${bare(events.position)} = ${dispatchShards.lastPosition} + batch.n from batch, ${dispatchShards}
    where ${events.id} = batch.id and ${dispatchShards.shard} = ${shard}),
  advanced as (
    update ${dispatchShards} set ${bare(dispatchShards.lastPosition)} = ${dispatchShards.lastPosition} + (select count(*) from batch)
    where ${dispatchShards.shard} = ${shard} and exists (select from batch))
  select count(*)::int as count, coalesce(max(seq), 0)::float8 as "lastSeq" from batch`,
);

/**
 * Assigns positions to committed events written without one, in the order of writing, under the shard's lock.
 * `afterSeq` skips the index entries of older ones.
 */
export async function numberEvents(client: ClientBase, next: Next): Promise<Numbered> {
  // A plain index scan skips entries that earlier runs marked as dead; a bitmap scan, which the planner prefers for a
  // short queue, reads all of them every time.
  const settings = 'enable_bitmapscan = off';
  const { result, committed } = await transact(client, { settings }, async () => {
    // Two statements in one round trip: the second must see what was committed when the lock was granted.
    const [, rows] = await Promise.all([lock(client, { shard: next.shard }), number(client, next)]);
    return rows[0]!;
  });
  await committed;
  return result;
}
