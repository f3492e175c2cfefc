import { createRoute, z } from '@hono/zod-openapi';
import { verifyEndpoint } from '../../services/notifications/verify-endpoint.ts';
import { changeEndpoint } from '../../db/queries/change-endpoint.ts';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { cancelledBy } from '../../outbound/calls.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from './endpoint-body.ts';
import { endpointSchema } from './endpoint-schema.ts';
import { notFound, Problem } from '../problems.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/endpoints/{endpointId}/verify',
  operationId: 'verifyEndpoint',
  tags: ['Endpoints'],
  summary: 'Challenge an endpoint that was registered with a handshake',
  description:
    'Sends a signed `endpoint.verification` with `data.challenge` once. A 2xx response with `{"challenge":"…"}` makes the endpoint `enabled`; earlier events are not sent.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId }) },
  responses: {
    200: {
      description: 'The endpoint, enabled',
      content: { 'application/json': { schema: endpointSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found', 'endpoint-not-verified'),
  },
});

export function registerVerifyEndpoint(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const scope = { merchantId: c.var.merchant.id, ...c.req.valid('param') };
    const endpoint = await findEndpoint(deps.db, scope);
    if (!endpoint) throw notFound('endpoint', scope.endpointId);
    if (endpoint.status !== 'unverified') return c.json(endpointBody(endpoint), 200);
    const verification = await cancelledBy(c.req.raw.signal, () =>
      verifyEndpoint(deps, { endpoint }),
    );
    if (verification.kind === 'refused') {
      throw new Problem('endpoint-not-verified', `The challenge failed: ${verification.why}.`, {
        extensions: { why: verification.why },
      });
    }
    const enabled = await changeEndpoint(deps.db, { ...scope, change: { status: 'enabled' } });
    if (!enabled) throw notFound('endpoint', scope.endpointId);
    return c.json(endpointBody(enabled), 200);
  });
}
