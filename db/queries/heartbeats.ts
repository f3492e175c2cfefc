import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { heartbeats } from '../schema/heartbeats.ts';

/** Records that a required workflow is running. */
export async function recordHeartbeat(
  db: Database,
  { workflowId }: { workflowId: string },
): Promise<void> {
  const seenAt = sql`now()`;
  await db
    .insert(heartbeats)
    .values({ workflowId, seenAt })
    .onConflictDoUpdate({ target: heartbeats.workflowId, set: { seenAt } });
}

/** The last heartbeat by workflow id; missing if there was none. */
export async function listHeartbeats(db: Database): Promise<ReadonlyMap<string, Date>> {
  const rows = await db.select().from(heartbeats);
  return new Map(rows.map(({ workflowId, seenAt }) => [workflowId, seenAt]));
}
