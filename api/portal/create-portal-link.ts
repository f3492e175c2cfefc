import { createRoute, z } from '@hono/zod-openapi';
import { insertPortalLink } from '../../db/queries/portal-links.ts';
import { newId } from '../../domain/ids.ts';
import type { ApiDeps, App } from '../deps.ts';
import { newPortalToken } from './session.ts';
import { bodyProblems, portalLinkId, problemResponses, timeSchema } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/portal-links',
  operationId: 'createPortalLink',
  tags: ['Endpoints'],
  summary: 'Create a portal link',
  description:
    'A holder of the link can read and change the endpoints, secrets and deliveries of this merchant until the link expires, is revoked, or the API key that created it ends. Treat it as a key: give it to one person.',
  security: [{ apiKey: [] }],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({ expiresInSeconds: z.int().min(60).max(86_400).default(3_600) })
            .openapi('NewPortalLink'),
        },
      },
    },
  },
  responses: {
    201: {
      description: 'The link, shown only once',
      content: {
        'application/json': {
          schema: z.object({ id: portalLinkId, url: z.string(), expiresAt: timeSchema }),
        },
      },
    },
    ...problemResponses(...bodyProblems),
  },
});

export function registerCreatePortalLink(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { expiresInSeconds } = c.req.valid('json');
    const { token, tokenHash } = newPortalToken();
    const id = newId('portalLink');
    const { merchantId, keyId: madeByKey, expiresAt: keyExpiresAt } = c.var.apiKey;
    // The link ends with the key that created it.
    const endMs = keyExpiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    const expiresAt = new Date(Math.min(Date.now() + expiresInSeconds * 1_000, endMs));
    await insertPortalLink(deps.db, { id, tokenHash, merchantId, madeByKey, expiresAt });
    const url = `${deps.publicUrl}/portal/enter/${token}`;
    return c.json({ id, url, expiresAt: expiresAt.toISOString() }, 201);
  });
}
