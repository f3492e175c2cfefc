import { createRoute, z } from '@hono/zod-openapi';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { readTraffic } from '../../db/queries/read-traffic.ts';
import { trafficOf } from '../../domain/traffic.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const average = (description: string) => z.number().nullable().openapi({ description });

const trafficSchema = z
  .object({
    endpointId: z.string(),
    object: z.literal('endpoint.traffic'),
    seconds: z.int().openapi({ description: 'The length of the measured period, which ends now' }),
    sent: z.int(),
    delivered: z.int(),
    deliveredPerSecond: z.number().openapi({ description: 'R' }),
    waitingMs: average('Average time from the event to the request'),
    transferMs: average('Average time from the request to the response'),
    delayMs: average('T = waiting + transfer'),
    window: average('Concurrent calls allowed; 0 while the endpoint is closed'),
    capacityPerSecond: average('C: the deliveries per second that the window allows'),
    throughput: average('TPUT = R/C: the used share of the window'),
  })
  .openapi('EndpointTraffic');

const route = createRoute({
  method: 'get',
  path: '/v1/endpoints/{endpointId}/traffic',
  operationId: 'getTraffic',
  tags: ['Endpoints'],
  summary: 'Read the traffic of an endpoint',
  description: 'Statistics of the last five minutes, a few seconds old.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId }) },
  responses: {
    200: {
      description: 'The statistics',
      content: { 'application/json': { schema: trafficSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetTraffic(app: App, { db }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { endpointId } = c.req.valid('param');
    const endpoint = await findEndpoint(db, { merchantId: c.var.merchant.id, endpointId });
    if (!endpoint) throw notFound('endpoint', endpointId);
    const sums = await readTraffic(db, { endpointId });
    const { seconds } = sums;
    const object = 'endpoint.traffic' as const;
    return c.json({ endpointId, object, seconds, ...trafficOf(sums) }, 200);
  });
}
