import { eq } from 'drizzle-orm';
import type { NotificationId } from '../../domain/ids.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import type { Queryable } from '../transaction.ts';

/** One notification from the inbox. Throws when there is none: ids come from our own insert. */
export async function findNotification(db: Queryable, { id }: { id: NotificationId }) {
  const [row] = await db
    .select()
    .from(providerNotifications)
    .where(eq(providerNotifications.id, id));
  if (!row) throw new Error(`notification ${id} is not in the inbox`);
  return row;
}
