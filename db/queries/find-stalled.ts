import { and, asc, eq, exists, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { EndpointId, NotificationId, OrderId, RefundId, ReplayId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';
import { refunds } from '../schema/refunds.ts';
import { findRunningReplays } from './replays.ts';

export type Stalled = {
  /** Stored but not applied: the signal was lost. */
  notifications: { id: NotificationId; orderId: OrderId; refundId: RefundId | null }[];
  /** Committed, but the workflow never opened the payment, or is long past its end. */
  orders: OrderId[];
  /** With commands that no workflow acknowledged. */
  commands: OrderId[];
  /** Reserved, but the workflow may be lost. */
  refunds: RefundId[];
  /** Owned by a delivery workflow that may be lost. */
  endpoints: EndpointId[];
  /** Requested and not finished. */
  replays: ReplayId[];
};

const batchSize = 500;
// A provider's outage leaves thousands of healthy orders waiting; they must not hide a lost one.
const recoverAgainAfterSeconds = 300;
const redeliverAfterSeconds = 30;
const ago = (seconds: number) => sql`now() - make_interval(secs => ${seconds})`;
const isNotRecoveredSince = ({ recoveredAt }: typeof orders | typeof refunds, seconds: number) =>
  or(isNull(recoveredAt), lt(recoveredAt, ago(seconds)));

/** Finds accepted work that has stalled, oldest first. `graceSeconds` excludes work in progress. */
export async function findStalled(
  db: Database,
  { graceSeconds }: { graceSeconds: number },
): Promise<Stalled> {
  // Sequential, because nothing waits for the result, and seven concurrent queries would delay payments.
  const waiting = await db
    .select({
      id: providerNotifications.id,
      orderId: providerNotifications.orderId,
      refundId: providerNotifications.refundId,
    })
    .from(providerNotifications)
    .where(
      and(
        isNull(providerNotifications.appliedAt),
        isNotNull(providerNotifications.orderId),
        lt(providerNotifications.receivedAt, ago(graceSeconds)),
      ),
    )
    .orderBy(asc(providerNotifications.receivedAt))
    .limit(batchSize);
  const lost = await db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        inArray(orders.status, ['pending', 'authorized', 'review']),
        lt(orders.createdAt, ago(graceSeconds)),
        or(
          exists(
            db
              .select({ one: sql`1` })
              .from(payments)
              .where(and(eq(payments.orderId, orders.id), eq(payments.status, 'created'))),
          ),
          lt(orders.expiresAt, ago(60)),
        ),
        isNotRecoveredSince(orders, recoverAgainAfterSeconds),
      ),
    )
    .orderBy(asc(orders.createdAt))
    .limit(batchSize);
  // Paid, but the confirmation workflow did not finish in time.
  const unconfirmed = await db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        eq(orders.confirmation, 'awaited'),
        lt(orders.paidAt, sql`now() - make_interval(secs => ${orders.confirmSeconds} + 60)`),
        isNotRecoveredSince(orders, recoverAgainAfterSeconds),
      ),
    )
    .limit(batchSize);
  const commanded = await db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        inArray(orders.status, ['pending', 'authorized', 'review']),
        isNotNull(orders.commandedAt),
        lt(orders.commandedAt, ago(graceSeconds)),
        isNotRecoveredSince(orders, redeliverAfterSeconds),
      ),
    )
    .limit(batchSize);
  const open = await db
    .select({ id: refunds.id })
    .from(refunds)
    .where(
      and(
        eq(refunds.status, 'pending'),
        lt(refunds.createdAt, ago(graceSeconds)),
        isNotRecoveredSince(refunds, recoverAgainAfterSeconds),
      ),
    )
    .orderBy(asc(refunds.createdAt))
    .limit(batchSize);
  const stalledEndpoints = await db
    .select({ id: endpoints.id })
    .from(endpoints)
    .where(
      and(
        // A recovered endpoint may be the relay's again while its workflow still has retries.
        or(eq(endpoints.deliveryOwner, 'workflow'), isNotNull(endpoints.congestion)),
        eq(endpoints.status, 'enabled'),
        // A closed endpoint has overdue deliveries, and a workflow that waits for its probe.
        sql`coalesce((${endpoints.congestion} ->> 'probeAtMs')::float8, 0)
          < extract(epoch from ${ago(graceSeconds)}) * 1000`,
        exists(
          db
            .select({ id: deliveries.eventId })
            .from(deliveries)
            .where(
              and(
                eq(deliveries.endpointId, endpoints.id),
                eq(deliveries.status, 'pending'),
                eq(deliveries.deliveryOwner, 'workflow'),
                lt(deliveries.nextAttemptAt, ago(graceSeconds)),
              ),
            ),
        ),
      ),
    )
    .limit(batchSize);
  const replaying = await findRunningReplays(db, {
    olderThanSeconds: graceSeconds,
    limit: batchSize,
  });
  return {
    notifications: waiting.flatMap(({ id, orderId, refundId }) =>
      orderId ? [{ id, orderId, refundId }] : [],
    ),
    orders: [...lost, ...unconfirmed].map(({ id }) => id),
    commands: commanded.map(({ id }) => id),
    refunds: open.map(({ id }) => id),
    endpoints: stalledEndpoints.map(({ id }) => id),
    replays: replaying.map(({ id }) => id),
  };
}
