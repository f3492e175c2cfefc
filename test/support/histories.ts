import type { WorkflowHandle } from '@temporalio/client';

type RawHistory = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
export type HistoryEvent = NonNullable<RawHistory['events']>[number];

/** All events of a workflow's latest run. */
export async function eventsOf(
  handle: Pick<WorkflowHandle, 'fetchHistory'>,
): Promise<HistoryEvent[]> {
  return (await handle.fetchHistory()).events ?? [];
}

/** The types of the activities that a history shows as finished, whatever came of them. */
export function finishedActivities(events: readonly HistoryEvent[]): string[] {
  const types = new Map(
    events.flatMap((event) => {
      const type = event.activityTaskScheduledEventAttributes?.activityType?.name;
      return type ? [[String(event.eventId), type] as const] : [];
    }),
  );
  return events.flatMap((event) => {
    const ended =
      event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
    return ended ? [types.get(String(ended.scheduledEventId)) ?? ''] : [];
  });
}
