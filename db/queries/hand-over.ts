import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { dropAtMostOnce } from './drop-at-most-once.ts';

/** Moves waiting deliveries of slow endpoints from the relay's memory into the care of their workflows. */
export async function handOver(
  db: Database,
  { waiting }: { waiting: ReadonlyMap<EndpointId, readonly EventId[]> },
): Promise<void> {
  const endpointIds = [...waiting.keys()];
  const pairs = [...waiting].flatMap(([endpointId, eventIds]) =>
    eventIds.map((eventId) => ({ endpointId, eventId })),
  );
  await db.transaction(async (tx) => {
    const isTheirs = inArray(endpoints.id, endpointIds);
    // In the order of ids, as everybody locks them.
    await tx
      .select({ id: endpoints.id })
      .from(endpoints)
      .where(isTheirs)
      .orderBy(asc(endpoints.id))
      .for('update');
    await tx.update(endpoints).set({ driver: 'workflow' }).where(isTheirs);
    const areWaiting = and(
      eq(deliveries.status, 'pending'),
      sql`(${deliveries.eventId}, ${deliveries.endpointId}) in (select * from unnest(
        ${sql.param(pairs.map(({ eventId }) => eventId))}::text[],
        ${sql.param(pairs.map(({ endpointId }) => endpointId))}::text[]))`,
    );
    await tx.update(deliveries).set({ driver: 'workflow' }).where(areWaiting);
    await dropAtMostOnce(tx, areWaiting);
  });
}
