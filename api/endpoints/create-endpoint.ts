import { createRoute, z } from '@hono/zod-openapi';
import { addEndpoint } from './add-endpoint.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from './endpoint-body.ts';
import { endpointSchema, newEndpointSchema, newSecretSchema } from './endpoint-schema.ts';
import { createOnce } from '../idempotency.ts';
import { refuseFields } from '../refuse-fields.ts';
import { bodyProblems, locationHeader, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints',
  operationId: 'createEndpoint',
  tags: ['Endpoints'],
  summary: 'Register an endpoint for events',
  description:
    'Tender sends every matching event as a POST signed by Standard Webhooks, or publishes it to the exchange or topic in `destination`. Only this response shows the `secret`.',
  security: [{ apiKey: [] }],
  request: {
    body: { required: true, content: { 'application/json': { schema: newEndpointSchema } } },
  },
  responses: {
    201: {
      description: 'The endpoint, with its signing secret',
      headers: locationHeader,
      content: {
        'application/json': {
          schema: z.object({ ...endpointSchema.shape, ...newSecretSchema.shape }),
        },
      },
    },
    ...problemResponses(...bodyProblems, 'target-not-allowed', 'limit-reached'),
  },
});

export function registerCreateEndpoint(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { signature, handshake, ...settings } = c.req.valid('json');
    if (handshake && settings.destination) {
      const message = 'must be false for a broker, which cannot answer a challenge';
      throw refuseFields([{ in: 'body', field: '/handshake', message }]);
    }
    const { answer } = await createOnce(c, deps.db, async (db) => {
      const { endpoint, secret } = await addEndpoint(
        { ...deps, db },
        {
          merchantId: c.var.merchant.id,
          settings,
          signature,
          status: handshake ? 'unverified' : 'enabled',
        },
      );
      const shown = endpoint.publicKey === null ? secret : null;
      const body = { ...endpointBody(endpoint), secret: shown };
      const location = `${deps.publicUrl}/v1/endpoints/${endpoint.id}`;
      return { resource: endpoint, status: 201, location, body };
    });
    return answer as never;
  });
}
