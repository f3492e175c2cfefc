import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { dispatchCursors, dispatchShards } from '../schema/events.ts';

/**
 * Makes the caller the shard's only dispatcher and fences off earlier ones. Returns the epoch, and the position up to
 * which all deliveries are written.
 */
export async function takeOverShard(
  db: Database,
  { shard }: { shard: number },
): Promise<{ epoch: number; position: number }> {
  await db.insert(dispatchShards).values({ shard }).onConflictDoNothing();
  const [row] = await db
    .insert(dispatchCursors)
    .values({ shard, epoch: 1 })
    .onConflictDoUpdate({
      target: dispatchCursors.shard,
      set: { epoch: sql`${dispatchCursors.epoch} + 1` },
    })
    .returning({ epoch: dispatchCursors.epoch, position: dispatchCursors.position });
  return row!;
}
