import type { z } from '@hono/zod-openapi';
import type { EventTypeDefinition } from '../../db/queries/event-types.ts';
import { eventTypes } from '../../domain/events.ts';
import type { eventTypeSchema } from '../events/event-schema.ts';

type EventTypeBody = z.infer<typeof eventTypeSchema>;

/** A merchant's own event type as the API returns it. */
export function eventTypeBody(definition: EventTypeDefinition): EventTypeBody {
  return {
    name: definition.name,
    object: 'event_type',
    origin: 'merchant',
    description: definition.description,
    schema: definition.schema,
    archivedAt: definition.archivedAt?.toISOString() ?? null,
    createdAt: definition.createdAt.toISOString(),
    updatedAt: definition.updatedAt.toISOString(),
  };
}

/** The platform's own types by name. The OpenAPI description has their data under `webhooks`. */
export const platformTypes: readonly EventTypeBody[] = Object.entries(eventTypes)
  .map(([name, description]) => ({
    name,
    description,
    object: 'event_type' as const,
    origin: 'platform' as const,
    schema: null,
    archivedAt: null,
    createdAt: null,
    updatedAt: null,
  }))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1));
