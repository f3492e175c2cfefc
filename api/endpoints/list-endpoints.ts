import { createRoute, z } from '@hono/zod-openapi';
import { listEndpoints } from '../../db/queries/endpoints.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from './endpoint-body.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { pageOf, pageQuery } from '../page.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/endpoints',
  operationId: 'listEndpoints',
  tags: ['Endpoints'],
  summary: 'List endpoints, newest first',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      ...pageQuery(endpointId),
    }),
  },
  responses: {
    200: {
      description: 'One page',
      content: {
        'application/json': {
          schema: pageOf(endpointSchema),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerListEndpoints(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const page = await listEndpoints(deps.db, {
      merchantId: c.var.merchant.id,
      before: cursor,
      limit,
    });
    const nextCursor = page.hasMore ? (page.endpoints.at(-1)?.id ?? null) : null;
    return c.json({ data: page.endpoints.map(endpointBody), nextCursor }, 200);
  });
}
