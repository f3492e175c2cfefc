import { createRoute, z } from '@hono/zod-openapi';
import { rotateSecret } from '../../db/queries/change-endpoint.ts';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { newSecret } from '../../delivery/send/sign.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from './endpoint-body.ts';
import { endpointSchema, newSecretSchema } from './endpoint-schema.ts';
import { createOnce } from '../idempotency.ts';
import { notFound, Problem } from '../problems.ts';
import { bodyProblems, endpointId, problemResponses } from '../schemas.ts';

const daySeconds = 86_400;

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints/{endpointId}/rotate-secret',
  operationId: 'rotateSecret',
  tags: ['Endpoints'],
  summary: 'Rotate the secret of an endpoint',
  description:
    'During the grace period every delivery carries both signatures, so that a receiver can switch at any time. Use a grace of 0 for a leaked secret: the old one stops signing at once.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ endpointId }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              graceSeconds: z
                .int()
                .min(0)
                .max(7 * daySeconds)
                .default(daySeconds),
              signature: z.enum(['hmac', 'ed25519']).optional().openapi({
                description: 'The current kind by default',
              }),
            })
            .openapi('SecretRotation'),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'The endpoint, with its new secret',
      content: {
        'application/json': {
          schema: z.object({ ...endpointSchema.shape, ...newSecretSchema.shape }),
        },
      },
    },
    ...problemResponses(...bodyProblems, 'not-found', 'rotation-under-way'),
  },
});

export function registerRotateSecret(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const scope = { merchantId: c.var.merchant.id, ...c.req.valid('param') };
    const { graceSeconds, signature } = c.req.valid('json');
    const before = await findEndpoint(deps.db, scope);
    if (!before) throw notFound('endpoint', scope.endpointId);
    const kind = signature ?? (before.publicKey === null ? 'hmac' : 'ed25519');
    const { secret, publicKey } = newSecret(kind);
    const { answer } = await createOnce(c, deps.db, async (db) => {
      const endpoint = await rotateSecret(
        { ...deps, db },
        { ...scope, secret, publicKey, graceSeconds },
      );
      if (!endpoint) {
        throw new Problem('rotation-under-way', 'The previous secret still signs.', {
          extensions: { previousSecretUntil: before.previousSecretUntil?.toISOString() ?? null },
        });
      }
      const body = { ...endpointBody(endpoint), secret: publicKey === null ? secret : null };
      return { resource: endpoint, status: 200, body };
    });
    return answer as never;
  });
}
