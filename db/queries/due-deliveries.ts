import { and, asc, eq, lte, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Congestion } from '../../domain/congestion.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';
import { lockForOwnerChange } from './lock-for-owner-change.ts';
import { selectOutgoing } from './select-outgoing.ts';
import type { OutgoingDelivery } from './select-outgoing.ts';

const isWaiting = (endpointId: EndpointId) =>
  and(
    eq(deliveries.endpointId, endpointId),
    eq(deliveries.status, 'pending'),
    eq(deliveries.deliveryOwner, 'workflow'),
  );

/** If an endpoint orders a resource's events: no earlier one is pending. */
const isHeadOfResource = (isOrdered: boolean) =>
  isOrdered
    ? sql`(${deliveries.orderKey} is null or not exists (
        select from ${deliveries} as earlier
        where earlier.endpoint_id = ${deliveries.endpointId}
          and earlier.order_key = ${deliveries.orderKey}
          and earlier.status = 'pending' and earlier.position < ${deliveries.position}))`
    : undefined;

/**
 * The due deliveries of an endpoint owned by its workflow, by priority, then in the order of the feed. Reads little
 * more than it returns, however many wait: the statistics are older than an outage, and a planner that expects few rows
 * would read and sort all of them for every batch, although the index has this order. For an ordered endpoint it may
 * return fewer than are due, but none only if there are none.
 */
export function dueDeliveries(
  db: Database | Transaction,
  { endpointId, isOrdered, limit }: { endpointId: EndpointId; isOrdered: boolean; limit: number },
): Promise<OutgoingDelivery[]> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`set local enable_sort = off`);
    const dueWhere = (within?: SQL) =>
      selectOutgoing(tx)
        .where(
          and(
            isWaiting(endpointId),
            lte(deliveries.nextAttemptAt, sql`now()`),
            isHeadOfResource(isOrdered),
            within,
          ),
        )
        .orderBy(...inOrder)
        .limit(limit);
    if (!isOrdered) return dueWhere();
    const edge = await edgeOf(tx, { endpointId });
    if (!edge) return dueWhere();
    const { priority, position } = edge;
    const near = await dueWhere(
      sql`(${deliveries.priority}, ${deliveries.position}) < (${priority}, ${position})`,
    );
    return near.length > 0 ? near : dueWhere();
  });
}

const inOrder = [asc(deliveries.priority), asc(deliveries.position)];

/** Searched first for an ordered endpoint: a hundred thousand deliveries may wait behind one resource's head. */
const mostScanned = 500;

/** The first waiting delivery beyond that number; undefined if there are fewer. */
async function edgeOf(
  tx: Transaction,
  { endpointId }: { endpointId: EndpointId },
): Promise<{ priority: number; position: number } | undefined> {
  const [edge] = await tx
    .select({ priority: deliveries.priority, position: deliveries.position })
    .from(deliveries)
    .where(isWaiting(endpointId))
    .orderBy(...inOrder)
    .offset(mostScanned)
    .limit(1);
  return edge;
}

/** How much an endpoint's workflow has left, and when the next delivery is due or expires. */
export async function outstandingDeliveries(
  db: Database,
  { endpointId, isOrdered }: { endpointId: EndpointId; isOrdered: boolean },
): Promise<{ outstanding: number; nextDueInMs: number | null; nextEndInMs: number | null }> {
  const inMs = (column: typeof deliveries.nextAttemptAt | typeof deliveries.expiresAt) =>
    sql<number | null>`(extract(epoch from min(${column}) - now()) * 1000)::float8`;
  const [[all], [next]] = await Promise.all([
    db
      .select({ outstanding: sql<number>`count(*)::int`, nextEndInMs: inMs(deliveries.expiresAt) })
      .from(deliveries)
      .where(isWaiting(endpointId)),
    db
      .select({ nextDueInMs: inMs(deliveries.nextAttemptAt) })
      .from(deliveries)
      .where(and(isWaiting(endpointId), isHeadOfResource(isOrdered))),
  ]);
  return {
    outstanding: all?.outstanding ?? 0,
    nextDueInMs: next?.nextDueInMs ?? null,
    nextEndInMs: all?.nextEndInMs ?? null,
  };
}

/** Drops expired deliveries. Returns how many. */
export async function dropExpired(
  db: Database,
  { endpointId }: { endpointId: EndpointId },
): Promise<number> {
  const { rowCount } = await db
    .update(deliveries)
    .set({ status: 'dropped', endReason: 'expired', nextAttemptAt: null, endedAt: sql`now()` })
    .where(and(isWaiting(endpointId), lte(deliveries.expiresAt, sql`now()`)));
  return rowCount ?? 0;
}

/** Stores an endpoint's congestion state for the next run. */
export async function saveCongestion(
  db: Database,
  { endpointId, congestion }: { endpointId: EndpointId; congestion: Congestion },
): Promise<void> {
  await db.update(endpoints).set({ congestion }).where(eq(endpoints.id, endpointId));
}

/**
 * Hands an endpoint back to the relay if nothing is outstanding. The check and the change happen under the row lock
 * that `writeDeliveries` shares, so no delivery falls between them.
 */
export function releaseEndpoint(
  db: Database,
  { endpointId }: { endpointId: EndpointId },
): Promise<{ isReleased: boolean }> {
  return db.transaction(async (tx) => {
    await lockForOwnerChange(tx, [endpointId]);
    // A statement of its own, so that it sees what was committed while the lock was awaited.
    const [waiting] = await tx
      .select({ eventId: deliveries.eventId })
      .from(deliveries)
      .where(isWaiting(endpointId))
      .limit(1);
    if (waiting) return { isReleased: false };
    await tx
      .update(endpoints)
      .set({ deliveryOwner: 'relay', congestion: null })
      .where(eq(endpoints.id, endpointId));
    return { isReleased: true };
  });
}
