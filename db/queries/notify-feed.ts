import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { statement } from '../statement.ts';

const notify = statement<Record<string, never>, { shard: string }>(
  'notify_feed',
  () => sql`select pg_notify('tender_feed', ${sql.placeholder('shard')}::text)`,
);

/**
 * Tells the readers of a shard's feed that there is more: one notification at a time, and one more
 * for all that came while it was under way. A lost one is made up for by the next, or by the readers'
 * own look.
 */
export function createFeedNews(
  db: Database,
  { shard, onError }: { shard: number; onError: (error: unknown) => void },
): () => void {
  let isTelling = false;
  let isOwed = false;

  async function tellAll(): Promise<void> {
    while (isOwed) {
      isOwed = false;
      await notify(db, { shard: String(shard) });
    }
  }

  return () => {
    isOwed = true;
    if (isTelling) return;
    isTelling = true;
    void tellAll()
      .catch(onError)
      .finally(() => {
        isTelling = false;
      });
  };
}
