import { and, eq, sql } from 'drizzle-orm';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { dropAtMostOnce } from './drop-at-most-once.ts';

/** Moves waiting deliveries of a slow endpoint from the relay's memory into the care of its workflow. */
export async function handOver(
  db: Database,
  { endpointId, eventIds }: { endpointId: EndpointId; eventIds: EventId[] },
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.update(endpoints).set({ driver: 'workflow' }).where(eq(endpoints.id, endpointId));
    const waiting = and(
      eq(deliveries.endpointId, endpointId),
      eq(deliveries.status, 'pending'),
      sql`${deliveries.eventId} = any(${sql.param(eventIds)}::text[])`,
    );
    await tx.update(deliveries).set({ driver: 'workflow' }).where(waiting);
    await dropAtMostOnce(tx, waiting);
  });
}
