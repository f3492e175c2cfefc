import { and, eq, isNull } from 'drizzle-orm';
import type { NotificationId } from '../../domain/ids.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { NotificationOutcome } from '../schema/provider-notifications.ts';
import type { Queryable } from '../transaction.ts';

/** Marks a notification dealt with, in the transaction of what it changed. */
export async function finishNotification(
  tx: Queryable,
  { id, outcome }: { id: NotificationId; outcome: NotificationOutcome },
): Promise<void> {
  await tx
    .update(providerNotifications)
    .set({ outcome, appliedAt: new Date() })
    .where(and(eq(providerNotifications.id, id), isNull(providerNotifications.appliedAt)));
}
