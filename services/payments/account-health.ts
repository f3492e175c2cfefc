import { LRUCache } from 'lru-cache';
import { addOutcomes, recentOutcomes } from '../../db/queries/account-outcomes.ts';
import type { OutcomeCount } from '../../db/queries/account-outcomes.ts';
import type { Database } from '../../db/database.ts';
import type { AccountId } from '../../domain/ids.ts';
import { healthOf } from '../../domain/routing.ts';
import type { Health } from '../../domain/routing.ts';
import type { Logger } from '../../telemetry/logger.ts';

/** The recent results of each account's calls, across all processes. */
export type AccountHealth = {
  record(accountId: AccountId, outcome: 'succeeded' | 'failed'): void;
  of(accountIds: readonly AccountId[]): Promise<ReadonlyMap<AccountId, Health>>;
  /** Writes the counts that are not stored yet. */
  flush(): Promise<void>;
};

// One row per account and second, however many calls there are.
const flushAfterMs = 1_000;
const cachedForMs = 1_000;
const maxCached = 10_000;

export function createAccountHealth({
  db,
  logger,
}: {
  db: Database;
  logger: Logger;
}): AccountHealth {
  const counts = new Map<AccountId, OutcomeCount>();
  const cache = new LRUCache<AccountId, Health>({ max: maxCached, ttl: cachedForMs });
  let timer: NodeJS.Timeout | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const recorded = [...counts.values()];
    counts.clear();
    await addOutcomes(db, recorded).catch((error: unknown) =>
      // The counts only guide the router; later calls record the same.
      logger.warn({ err: error }, 'the account health counts could not be stored'),
    );
  }

  return {
    record(accountId, outcome) {
      const count = counts.get(accountId) ?? { accountId, succeeded: 0, failed: 0 };
      counts.set(accountId, { ...count, [outcome]: count[outcome] + 1 });
      timer ??= setTimeout(() => void flush(), flushAfterMs).unref();
    },
    async of(accountIds) {
      const healths = new Map(accountIds.map((id) => [id, cache.get(id)]));
      const unknown = accountIds.filter((id) => healths.get(id) === undefined);
      const buckets = await recentOutcomes(db, { accountIds: unknown });
      for (const id of unknown) {
        const health = healthOf(buckets.get(id) ?? [], Date.now());
        cache.set(id, health);
        healths.set(id, health);
      }
      return new Map([...healths].map(([id, health]) => [id, health ?? 'healthy']));
    },
    flush,
  };
}
