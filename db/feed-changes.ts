import { sql } from 'drizzle-orm';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MerchantId } from '../domain/ids.ts';
import type { Changes } from './changes.ts';
import type { Database } from './database.ts';
import { dispatchShards, events } from './schema/events.ts';

/** Tells a merchant's readers that its feed has grown. A listener may be told in vain, and must look for itself. */
export type FeedChanges = {
  subscribe(merchant: { id: MerchantId; shard: number }, listener: () => void): () => void;
};

// Under load one look tells of many commits.
const betweenLooksMs = 5;

/**
 * PostgreSQL says that a shard's feed has grown, not whose. One look a process finds out whose, so that the readers of
 * one merchant, however many wait, cost nothing when another publishes.
 */
export function createFeedChanges({
  db,
  changes,
}: {
  db: Database;
  changes: Changes;
}): FeedChanges {
  const shards = new Map<number, ReturnType<typeof watchShard>>();

  function watchShard(shard: number) {
    const listeners = new Map<MerchantId, Set<() => void>>();
    /** Everybody was told of all up to here; undefined before the first look. */
    let toldThrough: number | undefined;
    let isLooking = false;
    let isStale = false;

    const notifyAll = () => {
      for (const own of listeners.values()) for (const tell of own) tell();
    };

    async function look(): Promise<void> {
      const before = toldThrough;
      if (before === undefined) {
        // What was written before the first look is not told apart.
        toldThrough = await lastPositionOf(db, shard);
        return notifyAll();
      }
      for (const { merchantId, position } of await grownSince(db, { shard, position: before })) {
        toldThrough = Math.max(toldThrough ?? 0, position);
        for (const tell of listeners.get(merchantId) ?? []) tell();
      }
    }

    async function lookWhileStale(): Promise<void> {
      if (isLooking) return;
      isLooking = true;
      try {
        while (isStale) {
          isStale = false;
          // A look that fails tells everybody: they look for themselves, and say why they cannot.
          await look().catch(notifyAll);
          await sleep(betweenLooksMs, undefined, { ref: false });
        }
      } finally {
        isLooking = false;
      }
    }

    const stop = changes.subscribe('tender_feed', String(shard), () => {
      isStale = true;
      void lookWhileStale();
    });
    return { listeners, stop };
  }

  return {
    subscribe({ id, shard }, listener) {
      const watch = shards.get(shard) ?? watchShard(shard);
      shards.set(shard, watch);
      const own = watch.listeners.get(id) ?? new Set();
      watch.listeners.set(id, own.add(listener));
      return () => {
        if (!own.delete(listener) || own.size > 0) return;
        watch.listeners.delete(id);
        if (watch.listeners.size > 0) return;
        shards.delete(shard);
        watch.stop();
      };
    },
  };
}

async function lastPositionOf(db: Database, shard: number): Promise<number> {
  const [row] = await db
    .select({ position: dispatchShards.lastPosition })
    .from(dispatchShards)
    .where(sql`${dispatchShards.shard} = ${shard}`);
  return row?.position ?? 0;
}

function grownSince(
  db: Database,
  { shard, position }: { shard: number; position: number },
): Promise<{ merchantId: MerchantId; position: number }[]> {
  return db
    .select({
      merchantId: events.merchantId,
      position: sql<number>`max(${events.position})::float8`,
    })
    .from(events)
    .where(sql`${events.shard} = ${shard} and ${events.position} > ${position}`)
    .groupBy(events.merchantId);
}
