import { eq } from 'drizzle-orm';
import type { EndpointId, EventId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { deliveries, endpoints } from '../schema/endpoints.ts';
import { events } from '../schema/events.ts';

/** One event on its way to one endpoint, with all it takes to send it. */
export type OutgoingDelivery = {
  eventId: EventId;
  endpointId: EndpointId;
  url: string;
  sealedSecret: string;
  body: string;
  /** Attempts made before this one. */
  attempts: number;
};

/** Deliveries as they are sent; the caller says which. */
export function selectOutgoing(db: Database) {
  return db
    .select({
      eventId: deliveries.eventId,
      endpointId: deliveries.endpointId,
      url: endpoints.url,
      sealedSecret: endpoints.sealedSecret,
      body: events.body,
      attempts: deliveries.attempts,
    })
    .from(deliveries)
    .innerJoin(endpoints, eq(endpoints.id, deliveries.endpointId))
    .innerJoin(events, eq(events.id, deliveries.eventId))
    .$dynamic();
}
