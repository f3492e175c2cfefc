import { ScheduleAlreadyRunning, ScheduleNotFoundError } from '@temporalio/client';
import type { ScheduleOptions } from '@temporalio/client';
import type { AccountId } from '../domain/ids.ts';
import type { SyncedSchedules } from '../workflows/activities.ts';
import { scheduleIds, workflowIds } from '../workflows/messages.ts';
import type { reconcileYesterday } from '../workflows/reconcile-yesterday.ts';
import type { Temporal } from './temporal.ts';

/** The time of day to reconcile an account, in the provider's time zone. */
export type DailyTime = { accountId: AccountId; hour: number; minute: number; timeZone: string };

type Daily = { accountId: AccountId; note: string; options: DailyOptions };
type DailyOptions = Pick<ScheduleOptions, 'spec' | 'policies'>;

/**
 * Creates or updates the daily schedule of each given account and deletes every other one. A paused schedule stays as
 * it is.
 */
export async function syncDailySchedules(
  temporal: Temporal,
  { times }: { times: readonly DailyTime[] },
): Promise<Omit<SyncedSchedules, 'restarted'>> {
  const { client } = temporal;
  const wanted = new Map(
    times.map((time) => [scheduleIds.reconcile(time.accountId), dailyOf(time)] as const),
  );
  const counts = { kept: 0, created: 0, changed: 0, removed: 0 };
  const known = new Set<string>();
  for await (const { scheduleId, state } of client.schedule.list()) {
    if (!scheduleIds.isReconcile(scheduleId)) continue;
    known.add(scheduleId);
    const daily = wanted.get(scheduleId);
    if (!daily) {
      await unlessGone(() => client.schedule.getHandle(scheduleId).delete());
      counts.removed += 1;
    } else if (!state.paused && state.note !== daily.note) {
      await unlessGone(() => change(temporal, scheduleId, daily));
      counts.changed += 1;
    } else counts.kept += 1;
  }
  for (const [scheduleId, daily] of wanted) {
    if (known.has(scheduleId)) continue;
    if (await create(temporal, scheduleId, daily)) counts.created += 1;
  }
  return counts;
}

function dailyOf({ accountId, hour, minute, timeZone }: DailyTime): Daily {
  return {
    accountId,
    // The schedule list shows the note, so a different note marks a schedule of an earlier version.
    note: `Reconciles the day before at ${hour}:${String(minute).padStart(2, '0')} ${timeZone}`,
    options: {
      spec: { calendars: [{ hour, minute }], timezone: timeZone, jitter: '10 minutes' },
      // A missed day is still reconciled. The starting workflows are short, so they are buffered.
      policies: { catchupWindow: '14 days', overlap: 'BUFFER_ALL' },
    },
  };
}

function actionOf({ taskQueue }: Temporal, accountId: AccountId) {
  return {
    type: 'startWorkflow' as const,
    workflowType: 'reconcileYesterday',
    workflowId: workflowIds.reconcileYesterday(accountId),
    taskQueue,
    args: [{ accountId }] as Parameters<typeof reconcileYesterday>,
    staticSummary: `Starts the daily reconciliation of ${accountId}`,
  };
}

async function create(deps: Temporal, scheduleId: string, daily: Daily): Promise<boolean> {
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
    // The list is eventually consistent.
    if (error instanceof ScheduleAlreadyRunning) return false;
    throw error;
  }
}

async function change(deps: Temporal, scheduleId: string, daily: Daily): Promise<void> {
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
