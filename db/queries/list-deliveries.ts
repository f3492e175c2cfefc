import { and, asc, desc, eq, gte, inArray, lt, sql } from 'drizzle-orm';
import type { EndpointId, EventId, MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, deliveryAttempts, endpoints } from '../schema/endpoints.ts';
import type { DeliveryStatus } from '../schema/endpoints.ts';
import { events } from '../schema/events.ts';

export type DeliveryRow = typeof deliveries.$inferSelect & { type: string; resourceId: string };
export type DeliveryAttempt = typeof deliveryAttempts.$inferSelect;

/**
 * A merchant's deliveries, newest first. With `statuses` dead and dropped it lists what was never delivered, and why.
 * `before` is the last feed position of the previous page.
 */
export async function listDeliveries(
  db: Database,
  input: {
    merchantId: MerchantId;
    endpointId?: EndpointId | undefined;
    eventId?: EventId | undefined;
    resourceId?: string | undefined;
    statuses: readonly DeliveryStatus[];
    since?: Date | undefined;
    before?: { position: number; endpointId: string } | undefined;
    limit: number;
  },
): Promise<DeliveryRow[]> {
  const { endpointId, eventId, resourceId, since, before } = input;
  const rows = await db
    .select({ delivery: deliveries, type: events.type, resourceId: events.resourceId })
    .from(deliveries)
    .innerJoin(events, eq(events.id, deliveries.eventId))
    .where(
      and(
        eq(events.merchantId, input.merchantId),
        inArray(deliveries.status, [...input.statuses]),
        endpointId && eq(deliveries.endpointId, endpointId),
        eventId && eq(deliveries.eventId, eventId),
        resourceId === undefined ? undefined : eq(events.resourceId, resourceId),
        since && gte(deliveries.createdAt, since),
        before &&
          sql`(${deliveries.position}, ${deliveries.endpointId}) < (${before.position}, ${before.endpointId})`,
      ),
    )
    .orderBy(desc(deliveries.position), desc(deliveries.endpointId))
    .limit(input.limit);
  return rows.map(({ delivery, ...event }) => ({ ...delivery, ...event }));
}

/** One delivery with all its failed attempts; undefined if the merchant has no such delivery. */
export async function findDelivery(
  db: Database,
  input: { merchantId: MerchantId; endpointId: EndpointId; eventId: EventId },
): Promise<{ delivery: DeliveryRow; attempts: DeliveryAttempt[] } | undefined> {
  const [delivery] = await listDeliveries(db, {
    ...input,
    statuses: ['pending', 'delivered', 'dead', 'dropped'],
    limit: 1,
  });
  if (!delivery) return undefined;
  const attempts = await db
    .select()
    .from(deliveryAttempts)
    .where(
      and(
        eq(deliveryAttempts.eventId, input.eventId),
        eq(deliveryAttempts.endpointId, input.endpointId),
      ),
    )
    .orderBy(asc(deliveryAttempts.startedAt));
  return { delivery, attempts };
}

/** The recent failed attempts at an endpoint, newest first. */
export function listAttempts(
  db: Database,
  input: {
    merchantId: MerchantId;
    endpointId: EndpointId;
    before?: Date | undefined;
    limit: number;
  },
): Promise<(DeliveryAttempt & { type: string })[]> {
  return db
    .select({ attempt: deliveryAttempts, type: events.type })
    .from(deliveryAttempts)
    .innerJoin(endpoints, eq(endpoints.id, deliveryAttempts.endpointId))
    .innerJoin(events, eq(events.id, deliveryAttempts.eventId))
    .where(
      and(
        eq(endpoints.merchantId, input.merchantId),
        eq(deliveryAttempts.endpointId, input.endpointId),
        input.before && lt(deliveryAttempts.startedAt, input.before),
      ),
    )
    .orderBy(desc(deliveryAttempts.startedAt))
    .limit(input.limit)
    .then((rows) => rows.map(({ attempt, type }) => ({ ...attempt, type })));
}
