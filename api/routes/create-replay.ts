import { createRoute, z } from '@hono/zod-openapi';
import { startReplay } from '../../activities/notifications/start-replay.ts';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { insertReplay } from '../../db/queries/replays.ts';
import { eventPattern } from '../../domain/events.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import { replayBody, replaySchema } from '../replay-body.ts';
import { endpointId, momentSchema, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/replays',
  tags: ['Endpoints'],
  summary: 'Send an endpoint past events again',
  description:
    '`recover` sends what ended without being delivered; `replay` sends everything of that time and those types, delivered or not, also from before the endpoint was there. A job that can be watched and stopped; receivers see the same `webhook-id` as the first time.',
  security: [{ apiKey: [] }],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              endpointId,
              kind: z.enum(['replay', 'recover']),
              eventTypes: z
                .array(z.string().regex(eventPattern, 'must be a type, or a pattern like order.*'))
                .min(1)
                .max(50)
                .default(['*']),
              since: momentSchema,
              until: momentSchema.optional().openapi({ description: 'Now, when left out' }),
            })
            .openapi('NewReplay'),
        },
      },
    },
  },
  responses: {
    202: {
      description: 'The job',
      content: { 'application/json': { schema: replaySchema } },
    },
    ...problemResponses(
      'invalid-request',
      'malformed-json',
      'unauthorized',
      'not-found',
      'content-too-large',
      'unsupported-media-type',
      'endpoint-not-enabled',
    ),
  },
});

export function registerCreateReplay(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const merchantId = c.var.merchant.id;
    const { since, until, ...wanted } = c.req.valid('json');
    const endpoint = await findEndpoint(deps.db, { merchantId, endpointId: wanted.endpointId });
    if (!endpoint) throw notFound('endpoint', wanted.endpointId);
    if (endpoint.status === 'disabled' || endpoint.status === 'unverified') {
      throw new Problem('endpoint-not-enabled', `The endpoint is ${endpoint.status}.`);
    }
    const replay = await insertReplay(deps.db, {
      ...{ merchantId, ...wanted },
      since: new Date(since),
      until: until === undefined ? new Date() : new Date(until),
    });
    await startReplay({ ...deps, replayId: replay.id }).catch((error: unknown) =>
      deps.logger.warn({ error, replayId: replay.id }, 'a replay waits for the sweep'),
    );
    c.header('location', `${deps.publicUrl}/v1/replays/${replay.id}`);
    return c.json(replayBody(replay), 202);
  });
}
