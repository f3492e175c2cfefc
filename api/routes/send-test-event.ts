import { createRoute, z } from '@hono/zod-openapi';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { newEvent } from '../../db/queries/new-event.ts';
import { events } from '../../db/schema/events.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints/{endpointId}/test',
  tags: ['Endpoints'],
  summary: 'Send an endpoint a test event',
  description:
    'An event `endpoint.test`, for this endpoint alone, whatever it has subscribed to: signed, formatted and retried like any other. `GET /v1/deliveries?eventId=` says what became of it.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId }) },
  responses: {
    202: {
      description: 'The event is on its way',
      content: {
        'application/json': { schema: z.object({ eventId: z.string(), type: z.string() }) },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerSendTestEvent(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { endpointId } = c.req.valid('param');
    const { id: merchantId, shard } = c.var.merchant;
    const endpoint = await findEndpoint(deps.db, { merchantId, endpointId });
    if (!endpoint) throw notFound('endpoint', endpointId);
    const event = newEvent({
      ...{ merchantId, shard },
      type: 'endpoint.test',
      resourceId: endpointId,
      data: { id: endpointId, object: 'endpoint', url: endpoint.url },
      at: new Date(),
    });
    await deps.db.insert(events).values(event);
    return c.json({ eventId: event.id, type: event.type }, 202);
  });
}
