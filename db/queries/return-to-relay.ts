import { and, eq, isNull } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { endpoints } from '../schema/endpoints.ts';

/**
 * Gives new events to the relay again while the workflow keeps the waiting retries, so that a recovered endpoint is not
 * slowed down for hours by them. Not for ordered endpoints, nor for those with a limited rate or concurrency, which two
 * concurrent senders could violate. A single statement, and so under the row's lock, like every change of the delivery
 * owner.
 */
export async function returnToRelay(
  db: Database,
  { endpointId }: { endpointId: EndpointId },
): Promise<void> {
  await db
    .update(endpoints)
    .set({ deliveryOwner: 'relay' })
    .where(
      and(
        eq(endpoints.id, endpointId),
        eq(endpoints.deliveryOwner, 'workflow'),
        eq(endpoints.status, 'enabled'),
        isNull(endpoints.failingSince),
        eq(endpoints.ordering, 'none'),
        isNull(endpoints.ratePerSecond),
        isNull(endpoints.maxConcurrency),
      ),
    );
}
