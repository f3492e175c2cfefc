import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { dispatchShards } from '../schema/events.ts';

/** Makes the caller the shard's only dispatcher: every earlier one finds itself fenced off. Returns the epoch. */
export async function takeOverShard(db: Database, { shard }: { shard: number }): Promise<number> {
  const [row] = await db
    .insert(dispatchShards)
    .values({ shard, epoch: 1 })
    .onConflictDoUpdate({
      target: dispatchShards.shard,
      set: { epoch: sql`${dispatchShards.epoch} + 1` },
    })
    .returning({ epoch: dispatchShards.epoch });
  return row!.epoch;
}
