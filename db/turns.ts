import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';

/** Runs work when its key has a free slot. */
export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Limits concurrent work per key and queues the rest in order, so that many calls of one key do not hold up others. */
export function createTurns({ atOnce }: { atOnce: number }): Turns {
  const limits = new Map<string, LimitFunction>();
  return async (key, work) => {
    const limit = limits.get(key) ?? pLimit(atOnce);
    limits.set(key, limit);
    try {
      return await limit(work);
    } finally {
      if (limit.activeCount === 0 && limit.pendingCount === 0) limits.delete(key);
    }
  };
}
