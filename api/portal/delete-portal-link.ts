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
  description: 'Sessions of the link end with their next request.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ portalLinkId }) },
  responses: {
    204: { description: 'Revoked' },
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
