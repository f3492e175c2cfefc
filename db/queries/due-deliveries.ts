import { and, asc, eq, lte, sql } from 'drizzle-orm';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { selectOutgoing } from './select-outgoing.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

const isWaiting = (endpointId: EndpointId) =>
  and(
    eq(deliveries.endpointId, endpointId),
    eq(deliveries.status, 'pending'),
    eq(deliveries.driver, 'workflow'),
  );

/** What is due now at an endpoint in its workflow's care, oldest first. */
export function dueDeliveries(
  db: Database,
  { endpointId, limit }: { endpointId: EndpointId; limit: number },
): Promise<OutgoingDelivery[]> {
  return selectOutgoing(db)
    .where(and(isWaiting(endpointId), lte(deliveries.nextAttemptAt, sql`now()`)))
    .orderBy(asc(deliveries.nextAttemptAt), asc(deliveries.eventId))
    .limit(limit);
}

/** How much an endpoint's workflow still has before it, and when the next of it is due. */
export async function outstandingDeliveries(
  db: Database,
  { endpointId }: { endpointId: EndpointId },
): Promise<{ outstanding: number; nextDueInMs: number }> {
  const [row] = await db
    .select({
      outstanding: sql<number>`count(*)::int`,
      nextDueInMs: sql<
        number | null
      >`(extract(epoch from min(${deliveries.nextAttemptAt}) - now()) * 1000)::float8`,
    })
    .from(deliveries)
    .where(isWaiting(endpointId));
  return {
    outstanding: row?.outstanding ?? 0,
    nextDueInMs: Math.max(0, Math.ceil(row?.nextDueInMs ?? 0)),
  };
}

/**
 * Hands an endpoint back to the relay if nothing is outstanding. The look and the flip stand under
 * the row lock that `claimEvents` shares, so no delivery falls between the two.
 */
export function releaseEndpoint(
  db: Database,
  { endpointId }: { endpointId: EndpointId },
): Promise<{ isReleased: boolean }> {
  return db.transaction(async (tx) => {
    await tx
      .select({ id: endpoints.id })
      .from(endpoints)
      .where(eq(endpoints.id, endpointId))
      .for('update');
    // A statement of its own, so that it sees what the lock waited for.
    const [waiting] = await tx
      .select({ eventId: deliveries.eventId })
      .from(deliveries)
      .where(isWaiting(endpointId))
      .limit(1);
    if (waiting) return { isReleased: false };
    await tx.update(endpoints).set({ driver: 'relay' }).where(eq(endpoints.id, endpointId));
    return { isReleased: true };
  });
}
