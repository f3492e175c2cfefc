import { createRoute, z } from '@hono/zod-openapi';
import { ensureSigningSecret } from '../../db/queries/signing-secret.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import type { ApiDeps, App } from '../deps.ts';
import { problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/signing-secret',
  operationId: 'getSigningSecret',
  tags: ['Orders'],
  summary: 'Read the secret that signs confirmation requests',
  description:
    "It signs requests to an order's `confirm.url` by Standard Webhooks. Endpoints have their own secrets.",
  security: [{ apiKey: [] }],
  responses: {
    200: {
      description: 'The secret',
      content: { 'application/json': { schema: z.object({ secret: z.string() }) } },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerGetSigningSecret(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    c.header('cache-control', 'no-store');
    return c.json(
      {
        secret: await ensureSigningSecret(deps, {
          merchantId: c.var.merchant.id,
          make: () => newSecret('hmac').secret,
        }),
      },
      200,
    );
  });
}
