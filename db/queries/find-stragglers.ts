import { and, asc, eq, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm';
import type { EndpointId, NotificationId, OrderId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { orders, payments } from '../schema/orders.ts';
import { providerNotifications } from '../schema/provider-notifications.ts';

export type Stragglers = {
  /** Stored, but nobody applied them: the signal was lost on the way. */
  notifications: { id: NotificationId; orderId: OrderId }[];
  /** Committed, but their workflow never opened the payment, or is long past its end. */
  orders: OrderId[];
  /** Cancellation wished for and not heard. */
  cancellations: OrderId[];
  /** In the care of a delivery workflow that may have been lost. */
  endpoints: EndpointId[];
};

const batchSize = 500;
// A provider's outage leaves thousands of healthy orders waiting: they must not hide a lost one.
const sweptAgainAfterSeconds = 300;
const ago = (seconds: number) => sql`now() - make_interval(secs => ${seconds})`;

/** Finds everything that was accepted and then left lying, oldest first. `graceSeconds` keeps off work under way. */
export async function findStragglers(
  db: Database,
  { graceSeconds }: { graceSeconds: number },
): Promise<Stragglers> {
  const [waiting, lost, unheard, troubled] = await Promise.all([
    db
      .select({ id: providerNotifications.id, orderId: providerNotifications.orderId })
      .from(providerNotifications)
      .where(
        and(
          isNull(providerNotifications.appliedAt),
          isNotNull(providerNotifications.orderId),
          lt(providerNotifications.receivedAt, ago(graceSeconds)),
        ),
      )
      .orderBy(asc(providerNotifications.receivedAt))
      .limit(batchSize),
    db
      .select({ id: orders.id })
      .from(orders)
      .innerJoin(payments, eq(payments.orderId, orders.id))
      .where(
        and(
          inArray(orders.status, ['pending', 'review']),
          lt(orders.createdAt, ago(graceSeconds)),
          or(eq(payments.status, 'created'), lt(orders.expiresAt, ago(60))),
          or(isNull(orders.sweptAt), lt(orders.sweptAt, ago(sweptAgainAfterSeconds))),
        ),
      )
      .orderBy(asc(orders.createdAt))
      .limit(batchSize),
    db
      .select({ id: orders.id })
      .from(orders)
      .where(
        and(
          eq(orders.status, 'pending'),
          isNotNull(orders.cancelRequestedAt),
          lt(orders.cancelRequestedAt, ago(graceSeconds)),
        ),
      )
      .limit(batchSize),
    db
      .selectDistinct({ id: endpoints.id })
      .from(endpoints)
      .innerJoin(deliveries, eq(deliveries.endpointId, endpoints.id))
      .where(
        and(
          eq(endpoints.driver, 'workflow'),
          eq(deliveries.status, 'pending'),
          eq(deliveries.driver, 'workflow'),
          lt(deliveries.nextAttemptAt, ago(graceSeconds)),
        ),
      )
      .limit(batchSize),
  ]);
  return {
    notifications: waiting.flatMap(({ id, orderId }) => (orderId ? [{ id, orderId }] : [])),
    orders: lost.map(({ id }) => id),
    cancellations: unheard.map(({ id }) => id),
    endpoints: troubled.map(({ id }) => id),
  };
}
