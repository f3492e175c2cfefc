import { createRoute, z } from '@hono/zod-openapi';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from './endpoint-body.ts';
import { notFound } from '../problems.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/endpoints/{endpointId}',
  operationId: 'getEndpoint',
  tags: ['Endpoints'],
  summary: 'Read an endpoint',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId }) },
  responses: {
    200: {
      description: 'The endpoint',
      content: { 'application/json': { schema: endpointSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetEndpoint(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { endpointId } = c.req.valid('param');
    const endpoint = await findEndpoint(deps.db, { merchantId: c.var.merchant.id, endpointId });
    if (!endpoint) throw notFound('endpoint', endpointId);
    return c.json(endpointBody(endpoint), 200);
  });
}
