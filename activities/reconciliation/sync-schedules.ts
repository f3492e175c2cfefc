import { recordHeartbeat } from '../../db/queries/heartbeats.ts';
import { listAccounts } from '../../db/queries/provider-accounts.ts';
import { listStalledReconciliations } from '../../db/queries/stalled-reconciliations.ts';
import { startReconciliation } from '../../orchestration/start-reconciliation.ts';
import { syncDailySchedules } from '../../orchestration/sync-daily-schedules.ts';
import { findDefinition } from '../../providers/registry.ts';
import type { SyncedSchedules } from '../../workflows/activities.ts';
import { workflowIds } from '../../workflows/messages.ts';
import type { ActivityDeps } from '../deps.ts';

/** Syncs the daily schedules of all enabled accounts, and starts runs that were recorded but never started. */
export async function syncSchedules({
  db,
  client,
  taskQueue,
}: Pick<ActivityDeps, 'db' | 'client' | 'taskQueue'>): Promise<SyncedSchedules> {
  await recordHeartbeat(db, { workflowId: workflowIds.keepSchedules });
  const times = (await listAccounts(db)).flatMap(({ id: accountId, provider }) => {
    const statements = findDefinition(provider)?.statements;
    return statements ? [{ accountId, ...statements.readyAt, timeZone: statements.timeZone }] : [];
  });
  const synced = await syncDailySchedules({ client, taskQueue }, { times });
  const stalled = await listStalledReconciliations(db);
  for (const run of stalled) await startReconciliation({ client, taskQueue, run });
  return { ...synced, restarted: stalled.length };
}
