import { createRoute, z } from '@hono/zod-openapi';
import { insertEndpoint } from '../../db/queries/endpoints.ts';
import { newSecret } from '../../webhooks/sign.ts';
import { refuseTarget } from '../../webhooks/target-guard.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from '../endpoint-body.ts';
import { Problem } from '../problems.ts';
import { endpointSchema, newEndpointSchema, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints',
  tags: ['Endpoints'],
  summary: 'Register an endpoint for events',
  description:
    'Every event that matches `eventTypes` is sent there as a POST signed by Standard Webhooks. The answer is the only time the `secret` is shown.',
  security: [{ apiKey: [] }],
  request: {
    body: { required: true, content: { 'application/json': { schema: newEndpointSchema } } },
  },
  responses: {
    201: {
      description: 'The endpoint, with its signing secret',
      content: {
        'application/json': {
          schema: endpointSchema.extend({
            secret: z
              .string()
              .openapi({ description: 'whsec_…, for any Standard Webhooks library' }),
          }),
        },
      },
    },
    ...problemResponses(
      'invalid-request',
      'malformed-json',
      'unauthorized',
      'content-too-large',
      'unsupported-media-type',
      'target-not-allowed',
    ),
  },
});

export function registerCreateEndpoint(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const refusal = refuseTarget(body.url, { allowPrivate: deps.allowPrivateTargets });
    if (refusal) {
      throw new Problem('target-not-allowed', `The url is refused: ${refusal}.`, {
        extensions: { errors: [{ in: 'body', field: '/url', message: refusal }] },
      });
    }
    const secret = newSecret();
    const endpoint = await insertEndpoint(deps, {
      merchantId: c.var.merchant.id,
      url: body.url,
      description: body.description ?? null,
      eventTypes: body.eventTypes,
      secret,
    });
    return c.json({ ...endpointBody(endpoint), secret }, 201);
  });
}
