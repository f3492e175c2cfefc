import { createRoute, z } from '@hono/zod-openapi';
import { signalEndpoint } from '../../orchestration/signal-endpoint.ts';
import { changeEndpoint } from '../../db/queries/change-endpoint.ts';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { openAccess } from '../../delivery/send/access.ts';
import type { ApiDeps, App } from '../deps.ts';
import { endpointBody } from './endpoint-body.ts';
import { endpointPatchSchema, endpointSchema } from './endpoint-schema.ts';
import { changeOfSettings } from './endpoint-settings.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { notFound, Problem } from '../problems.ts';
import { bodyProblems, endpointId, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'patch',
  path: '/v1/endpoints/{endpointId}',
  operationId: 'updateEndpoint',
  tags: ['Endpoints'],
  summary: 'Change, pause, resume, disable or enable an endpoint',
  description:
    'Fields that are left out stay unchanged. The new settings apply to events claimed from now on; pending deliveries keep their priority and time to live.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ endpointId }),
    body: { required: true, content: { 'application/json': { schema: endpointPatchSchema } } },
  },
  responses: {
    200: {
      description: 'The endpoint',
      content: { 'application/json': { schema: endpointSchema } },
    },
    ...problemResponses(
      ...bodyProblems,
      'not-found',
      'target-not-allowed',
      'endpoint-not-verified',
    ),
  },
});

export function registerUpdateEndpoint(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const scope = { merchantId: c.var.merchant.id, ...c.req.valid('param') };
    const settings = c.req.valid('json');
    const before = await findEndpoint(deps.db, scope);
    if (!before) throw notFound('endpoint', scope.endpointId);
    if (before.status === 'unverified' && settings.status === 'enabled') {
      throw new Problem(
        'endpoint-not-verified',
        'The endpoint has not answered its challenge yet.',
      );
    }
    const change = changeOfSettings(deps, {
      endpointId: before.id,
      settings,
      known: { ...before, access: openAccess(deps.sealer, before) },
    });
    const endpoint = await changeEndpoint(deps.db, { ...scope, change });
    if (!endpoint) throw notFound('endpoint', scope.endpointId);
    if (endpoint.deliveryOwner === 'workflow' && endpoint.status === 'enabled') {
      signalEndpoint({ ...deps, endpointId: endpoint.id }).catch(
        leftToRecovery(deps.logger, 'an endpoint', { endpointId: endpoint.id }),
      );
    }
    return c.json(endpointBody(endpoint), 200);
  });
}
