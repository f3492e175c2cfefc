import type { z } from '@hono/zod-openapi';
import type { Endpoint } from '../db/queries/endpoints.ts';
import type { endpointSchema } from './schemas.ts';

/** An endpoint as the API answers it: without its secret, which is shown once. */
export function endpointBody(endpoint: Endpoint): z.infer<typeof endpointSchema> {
  return {
    id: endpoint.id,
    object: 'endpoint',
    url: endpoint.url,
    eventTypes: endpoint.eventTypes,
    description: endpoint.description,
    status: endpoint.status,
    disabledReason: endpoint.disabledReason,
    createdAt: endpoint.createdAt.toISOString(),
  };
}
