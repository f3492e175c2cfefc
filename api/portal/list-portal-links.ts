import { createRoute, z } from '@hono/zod-openapi';
import { listPortalLinks } from '../../db/queries/portal-links.ts';
import type { ApiDeps, App } from '../deps.ts';
import { pageOf, pageQuery } from '../page.ts';
import { portalLinkId, problemResponses, timeSchema } from '../schemas.ts';

const portalLinkSchema = z
  .object({
    id: portalLinkId,
    madeByKey: z.string().openapi({
      description: 'The id of the API key that created the link; the link ends with it',
    }),
    createdAt: timeSchema,
    expiresAt: timeSchema,
  })
  .openapi('PortalLink');

const route = createRoute({
  method: 'get',
  path: '/v1/portal-links',
  operationId: 'listPortalLinks',
  tags: ['Endpoints'],
  summary: 'List active portal links, newest first',
  security: [{ apiKey: [] }],
  request: { query: z.strictObject({ ...pageQuery(portalLinkId) }) },
  responses: {
    200: {
      description: 'One page, without the URLs, which are shown only once',
      content: { 'application/json': { schema: pageOf(portalLinkSchema) } },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerListPortalLinks(app: App, { db }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const { merchantId } = c.var.apiKey;
    const { links, hasMore } = await listPortalLinks(db, { merchantId, before: cursor, limit });
    const data = links.map(({ id, madeByKey, createdAt, expiresAt }) => ({
      id,
      madeByKey,
      createdAt: createdAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    }));
    return c.json({ data, nextCursor: hasMore ? (links.at(-1)?.id ?? null) : null }, 200);
  });
}
