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
const keptMs = 1_000;

export function createAccountHealth({
  db,
  logger,
}: {
  db: Database;
  logger: Logger;
}): AccountHealth {
  const counts = new Map<AccountId, OutcomeCount>();
  const kept = new Map<AccountId, { health: Health; untilMs: number }>();
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
      const nowMs = Date.now();
      const unknown = accountIds.filter((id) => (kept.get(id)?.untilMs ?? 0) <= nowMs);
      if (unknown.length > 0) {
        const buckets = await recentOutcomes(db, { accountIds: unknown });
        for (const id of unknown) {
          const health = healthOf(buckets.get(id) ?? [], nowMs);
          kept.set(id, { health, untilMs: nowMs + keptMs });
        }
      }
      return new Map(accountIds.map((id) => [id, kept.get(id)?.health ?? 'healthy']));
    },
    flush,
  };
}
