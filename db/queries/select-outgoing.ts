import { eq } from 'drizzle-orm';
import type { EventId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { events } from '../schema/events.ts';
import type { Endpoint } from './endpoints.ts';

/** One event for one endpoint, with everything needed to send it. */
export type OutgoingDelivery = {
  eventId: EventId;
  type: string;
  resourceId: string;
  /** When the event happened. */
  occurredAt: Date;
  /** The event's envelope, `{ id, type, timestamp, data }`, as JSON. */
  body: string;
  position: number;
  priority: number;
  orderKey: string | null;
  isLatestOnly: boolean;
  /** Never sent again, whatever this attempt's outcome. */
  isAtMostOnce: boolean;
  expiresAt: Date | null;
  /** Attempts made before this one. */
  attempts: number;
  endpoint: Endpoint;
};

/** Deliveries with everything needed to send them; the caller adds the condition. */
export function selectOutgoing(db: Pick<Database, 'select'>) {
  return db
    .select({
      eventId: deliveries.eventId,
      type: events.type,
      resourceId: events.resourceId,
      occurredAt: events.createdAt,
      body: events.body,
      position: deliveries.position,
      priority: deliveries.priority,
      orderKey: deliveries.orderKey,
      isLatestOnly: deliveries.isLatestOnly,
      isAtMostOnce: deliveries.isAtMostOnce,
      expiresAt: deliveries.expiresAt,
      attempts: deliveries.attempts,
      endpoint: endpoints,
    })
    .from(deliveries)
    .innerJoin(endpoints, eq(endpoints.id, deliveries.endpointId))
    .innerJoin(events, eq(events.id, deliveries.eventId))
    .$dynamic();
}
