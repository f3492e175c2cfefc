import { createRoute, z } from '@hono/zod-openapi';
import { deletePortalLink } from '../../db/queries/portal-links.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { portalLinkId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'delete',
  path: '/v1/portal-links/{portalLinkId}',
  operationId: 'deletePortalLink',
  tags: ['Endpoints'],
  summary: 'Revoke a portal link',
  description: 'Whoever has entered by it is out with the next click.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ portalLinkId }) },
  responses: {
    204: { description: 'It is revoked' },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerDeletePortalLink(app: App, { db }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { portalLinkId } = c.req.valid('param');
    const { merchantId } = c.var.apiKey;
    if (!(await deletePortalLink(db, { merchantId, portalLinkId })))
      throw notFound('portal link', portalLinkId);
    return c.body(null, 204);
  });
}
