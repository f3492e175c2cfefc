import { and, eq, isNull } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { endpoints } from '../schema/endpoints.ts';

/**
 * Gives what comes from now on to the relay again, while the endpoint's workflow keeps the retries that wait
 * for their time: one that is well again need not be served slowly for hours because of them. Not where events
 * keep their order, nor where its owner bounds its rate or its calls: two who deliver side by side would not
 * keep to that. One statement, and so under the row's lock like every flip of the delivery owner.
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
