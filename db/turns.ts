import pLimit from 'p-limit';
import type { LimitFunction } from 'p-limit';

/** Does work when it is its key's turn. */
export type Turns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** So many at once for each key, the others in the order in which they came: a thousand of one hold up nobody else. */
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
