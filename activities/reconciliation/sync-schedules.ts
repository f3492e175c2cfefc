import { ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import type { ScheduleOptions } from '@temporalio/client';
import { recordHeartbeat } from '../../db/queries/heartbeats.ts';
import { listAccounts } from '../../db/queries/provider-accounts.ts';
import { listLeftLying } from '../../db/queries/stalled-reconciliations.ts';
import type { AccountId } from '../../domain/ids.ts';
import { findDefinition } from '../../providers/registry.ts';
import { scheduleIds, workflowIds } from '../../workflows/messages.ts';
import type { reconcileYesterday } from '../../workflows/reconcile-yesterday.ts';
import type { ActivityDeps } from '../deps.ts';
import { restartReconciliation } from '../../services/reconciliation/open-reconciliation.ts';

export type KeptSchedules = {
  kept: number;
  created: number;
  changed: number;
  removed: number;
  restarted: number;
};

type Wanted = { accountId: AccountId; note: string; options: DailyOptions };
type DailyOptions = Pick<ScheduleOptions, 'spec' | 'policies'>;

/**
 * Gives every enabled account its daily schedule, and takes it from every other; one that a person
 * has paused stays as it is. Also starts runs that were written down and never begun.
 */
export async function keepSchedules(deps: ActivityDeps): Promise<KeptSchedules> {
  const { client } = deps;
  await recordHeartbeat(deps.db, { workflowId: workflowIds.keepSchedules });
  const wanted = new Map(
    (await listAccounts(deps.db)).flatMap(({ id, provider }) => {
      const daily = dailyOf(id, provider);
      return daily ? [[scheduleIds.reconcile(id), daily] as const] : [];
    }),
  );
  const counts: KeptSchedules = { kept: 0, created: 0, changed: 0, removed: 0, restarted: 0 };
  const known = new Set<string>();
  for await (const { scheduleId, state } of client.schedule.list()) {
    if (!scheduleIds.isReconcile(scheduleId)) continue;
    known.add(scheduleId);
    const daily = wanted.get(scheduleId);
    if (!daily) {
      await unlessGone(() => client.schedule.getHandle(scheduleId).delete());
      counts.removed += 1;
    } else if (!state.paused && state.note !== daily.note) {
      await unlessGone(() => change(deps, scheduleId, daily));
      counts.changed += 1;
    } else counts.kept += 1;
  }
  for (const [scheduleId, daily] of wanted) {
    if (known.has(scheduleId)) continue;
    if (await create(deps, scheduleId, daily)) counts.created += 1;
  }
  for (const run of await listLeftLying(deps.db)) {
    await restartReconciliation(deps, run);
    counts.restarted += 1;
  }
  return counts;
}

function dailyOf(accountId: AccountId, provider: string): Wanted | undefined {
  const definition = findDefinition(provider);
  if (!definition) return undefined;
  const { timeZone, readyAt } = definition.statements;
  const { hour, minute } = readyAt;
  return {
    accountId,
    // The list shows it: a schedule with another is of another version of ours.
    note: `Reconciles the day before at ${hour}:${String(minute).padStart(2, '0')} ${timeZone}`,
    options: {
      spec: { calendars: [{ hour, minute }], timezone: timeZone, jitter: '10 minutes' },
      // A day that was missed is still to be reconciled; starters are short and follow each other.
      policies: { catchupWindow: '14 days', overlap: 'BUFFER_ALL' },
    },
  };
}

function actionOf({ taskQueue }: ActivityDeps, accountId: AccountId) {
  return {
    type: 'startWorkflow' as const,
    workflowType: 'reconcileYesterday',
    workflowId: workflowIds.reconcileYesterday(accountId),
    taskQueue,
    args: [{ accountId }] as Parameters<typeof reconcileYesterday>,
    staticSummary: `Begins the daily reconciliation of ${accountId}`,
  };
}

async function create(deps: ActivityDeps, scheduleId: string, daily: Wanted): Promise<boolean> {
  const { accountId, note, options } = daily;
  try {
    await deps.client.schedule.create<typeof reconcileYesterday>({
      ...options,
      scheduleId,
      state: { note },
      action: actionOf(deps, accountId),
    });
    return true;
  } catch (error) {
    // The list is a little behind.
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

async function change(deps: ActivityDeps, scheduleId: string, daily: Wanted): Promise<void> {
  const { accountId, note, options } = daily;
  await deps.client.schedule
    .getHandle(scheduleId)
    .update<typeof reconcileYesterday>(({ state }) => ({
      ...options,
      state: { ...state, note },
      action: actionOf(deps, accountId),
    }));
}

async function unlessGone(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
