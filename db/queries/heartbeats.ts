import { sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { heartbeats } from '../schema/heartbeats.ts';

/** Notes that a workflow that must always run is at work. */
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

/** When each was last seen at work, by the workflow's id; none that never was. */
export async function listHeartbeats(db: Database): Promise<ReadonlyMap<string, Date>> {
  const rows = await db.select().from(heartbeats);
  return new Map(rows.map(({ workflowId, seenAt }) => [workflowId, seenAt]));
}
