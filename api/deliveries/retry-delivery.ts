import { createRoute, z } from '@hono/zod-openapi';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { findDelivery } from '../../db/queries/list-deliveries.ts';
import { retryDelivery } from '../../db/queries/requeue-deliveries.ts';
import { deliveryBody, deliverySchema } from './delivery-body.ts';
import type { ApiDeps, App } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { notFound, Problem } from '../problems.ts';
import { endpointId, eventId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints/{endpointId}/deliveries/{eventId}/retry',
  operationId: 'retryDelivery',
  tags: ['Endpoints'],
  summary: 'Retry a delivery now',
  description:
    'Works in every status: a dead letter restarts with its whole retry schedule, a pending delivery is attempted at once. The receiver gets the same `webhook-id`. An event that was never delivered to this endpoint, even one it does not subscribe to, is sent too.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId, eventId }) },
  responses: {
    202: {
      description: 'The delivery, now pending',
      content: { 'application/json': { schema: deliverySchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found', 'endpoint-not-enabled'),
  },
});

export function registerRetryDelivery(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const merchantId = c.var.merchant.id;
    const { endpointId, eventId } = c.req.valid('param');
    const endpoint = await findEndpoint(deps.db, { merchantId, endpointId });
    if (!endpoint) throw notFound('endpoint', endpointId);
    if (endpoint.status !== 'enabled') {
      throw new Problem('endpoint-not-enabled', `The endpoint is ${endpoint.status}.`);
    }
    await retryDelivery(deps.db, { endpointId, eventId });
    const found = await findDelivery(deps.db, { merchantId, endpointId, eventId });
    if (!found) throw notFound('event', eventId);
    await signalEndpoint({ ...deps, endpointId }).catch(
      leftToRecovery(deps.logger, 'a retry', { endpointId }),
    );
    return c.json(deliveryBody(found.delivery), 202);
  });
}
