import { createRoute, z } from '@hono/zod-openapi';
import { deleteEndpoint } from '../../db/queries/change-endpoint.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'delete',
  path: '/v1/endpoints/{endpointId}',
  operationId: 'deleteEndpoint',
  tags: ['Endpoints'],
  summary: 'Remove an endpoint',
  description: 'Its pending deliveries become dead letters with the reason `endpoint_deleted`.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId }) },
  responses: {
    204: { description: 'Removed' },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerDeleteEndpoint(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { endpointId } = c.req.valid('param');
    const isGone = await deleteEndpoint(deps.db, { merchantId: c.var.merchant.id, endpointId });
    if (!isGone) throw notFound('endpoint', endpointId);
    return c.body(null, 204);
  });
}
