import { sql } from 'drizzle-orm';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MerchantId } from '../domain/ids.ts';
import type { Changes } from './changes.ts';
import type { Database } from './database.ts';
import { dispatchShards, events } from './schema/events.ts';

/**
 * Notifies a merchant's readers that its feed has grown. A notification may be spurious, so listeners must check for
 * themselves.
 */
export type FeedChanges = {
  subscribe(merchant: { id: MerchantId; shard: number }, listener: () => void): () => void;
};

// Under load one query covers many commits.
const betweenQueriesMs = 5;

/**
 * PostgreSQL notifies that a shard's feed has grown, not for which merchant. One query per process finds the merchants,
 * so that the waiting readers of one merchant cost nothing when another publishes.
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
    /** Listeners were notified of everything up to here; undefined before the first query. */
    let notifiedThrough: number | undefined;
    let isQuerying = false;
    let isStale = false;

    const notifyAll = () => {
      for (const own of listeners.values()) for (const notify of own) notify();
    };

    async function notifyGrown(): Promise<void> {
      const before = notifiedThrough;
      if (before === undefined) {
        // Merchants cannot be told apart before the first query, so all are notified.
        notifiedThrough = await lastPositionOf(db, shard);
        return notifyAll();
      }
      for (const { merchantId, position } of await grownSince(db, { shard, position: before })) {
        notifiedThrough = Math.max(notifiedThrough ?? 0, position);
        for (const notify of listeners.get(merchantId) ?? []) notify();
      }
    }

    async function queryWhileStale(): Promise<void> {
      if (isQuerying) return;
      isQuerying = true;
      try {
        while (isStale) {
          isStale = false;
          // A failed query notifies everybody: they query themselves and report the error.
          await notifyGrown().catch(notifyAll);
          await sleep(betweenQueriesMs, undefined, { ref: false });
        }
      } finally {
        isQuerying = false;
      }
    }

    const stop = changes.subscribe('tender_feed', String(shard), () => {
      isStale = true;
      void queryWhileStale();
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
