import { createRoute, z } from '@hono/zod-openapi';
import { findDelivery } from '../../db/queries/list-deliveries.ts';
import { attemptBody, attemptSchema, deliveryBody, deliverySchema } from './delivery-body.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { endpointId, eventId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/endpoints/{endpointId}/deliveries/{eventId}',
  operationId: 'getDelivery',
  tags: ['Endpoints'],
  summary: 'Read a delivery with its failed attempts',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId, eventId }) },
  responses: {
    200: {
      description: 'The delivery',
      content: {
        'application/json': {
          schema: deliverySchema.extend({ failedAttempts: z.array(attemptSchema) }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetDelivery(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { endpointId, eventId } = c.req.valid('param');
    const found = await findDelivery(deps.db, {
      merchantId: c.var.merchant.id,
      endpointId,
      eventId,
    });
    if (!found) throw notFound('delivery', `${eventId} at ${endpointId}`);
    const failedAttempts = found.attempts.map(attemptBody);
    return c.json({ ...deliveryBody(found.delivery), failedAttempts }, 200);
  });
}
