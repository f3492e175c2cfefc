import { and, eq, isNull } from 'drizzle-orm';
import type { NotificationId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { NotificationOutcome } from '../schema/provider-notifications.ts';

/** Marks a notification that changed nothing as applied. */
export async function finishNotification(
  db: Database,
  { id, outcome }: { id: NotificationId; outcome: NotificationOutcome },
): Promise<void> {
  await db
    .update(providerNotifications)
    .set({ outcome, appliedAt: new Date() })
    .where(and(eq(providerNotifications.id, id), isNull(providerNotifications.appliedAt)));
}
