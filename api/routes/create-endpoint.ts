import { createRoute, z } from '@hono/zod-openapi';
import { insertEndpoint } from '../../db/queries/endpoints.ts';
import { newId } from '../../domain/ids.ts';
import { newSecret } from '../../webhooks/sign.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from '../endpoint-body.ts';
import { endpointSchema, newEndpointSchema, newSecretSchema } from '../endpoint-schema.ts';
import { changeOfSettings } from '../endpoint-settings.ts';
import { problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints',
  tags: ['Endpoints'],
  summary: 'Register an endpoint for events',
  description:
    'Every event that it wants is sent there as a POST signed by Standard Webhooks. The answer is the only time the `secret` is shown.',
  security: [{ apiKey: [] }],
  request: {
    body: { required: true, content: { 'application/json': { schema: newEndpointSchema } } },
  },
  responses: {
    201: {
      description: 'The endpoint, with its signing secret',
      content: {
        'application/json': {
          schema: z.object({ ...endpointSchema.shape, ...newSecretSchema.shape }),
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
    const { signature, handshake, ...settings } = c.req.valid('json');
    const id = newId('endpoint');
    const change = changeOfSettings(deps, {
      endpointId: id,
      settings,
      known: { headers: {}, auth: { kind: 'none' } },
    });
    const { secret, publicKey } = newSecret(signature);
    const endpoint = await insertEndpoint(deps, {
      ...change,
      id,
      merchantId: c.var.merchant.id,
      url: settings.url,
      eventTypes: settings.eventTypes,
      status: handshake ? 'unverified' : 'enabled',
      secret,
      publicKey,
    });
    return c.json({ ...endpointBody(endpoint), secret: publicKey === null ? secret : null }, 201);
  });
}
