import { and, eq } from 'drizzle-orm';
import type { EventId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';

export type FoundEvent = Pick<
  typeof events.$inferSelect,
  'id' | 'body' | 'resourceId' | 'channels' | 'position'
>;

/** One event; `position` is null until the relay has numbered it. */
export async function findEvent(
  db: Database,
  { merchantId, eventId }: { merchantId: MerchantId; eventId: EventId },
): Promise<FoundEvent | undefined> {
  const [found] = await db
    .select({
      id: events.id,
      body: events.body,
      resourceId: events.resourceId,
      channels: events.channels,
      position: events.position,
    })
    .from(events)
    .where(and(eq(events.id, eventId), eq(events.merchantId, merchantId)));
  return found;
}
