import { createRoute, z } from '@hono/zod-openapi';
import { findEndpoint } from '../../db/queries/endpoints.ts';
import { readTraffic } from '../../db/queries/read-traffic.ts';
import { trafficOf } from '../../domain/traffic.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { endpointId, problemResponses } from '../schemas.ts';

const figure = (description: string) => z.number().nullable().openapi({ description });

const trafficSchema = z
  .object({
    endpointId: z.string(),
    object: z.literal('endpoint.traffic'),
    seconds: z.int().openapi({ description: 'How much time the figures are of, up to now' }),
    sent: z.int(),
    delivered: z.int(),
    deliveredPerSecond: z.number().openapi({ description: 'R' }),
    waitingMs: figure('From the event to the sending, on average'),
    transferMs: figure('From the sending to the answer, on average'),
    delayMs: figure('T = waiting + transfer'),
    window: figure('Calls that may be under way at once; 0 while the endpoint is closed'),
    capacityPerSecond: figure('C: what the window would let through'),
    throughput: figure('TPUT = R/C: how much of its window the endpoint fills'),
  })
  .openapi('EndpointTraffic');

const route = createRoute({
  method: 'get',
  path: '/v1/endpoints/{endpointId}/traffic',
  operationId: 'getTraffic',
  tags: ['Endpoints'],
  summary: 'Read the traffic of an endpoint',
  description: 'What was sent in the last five minutes. The figures are a few seconds old.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ endpointId }) },
  responses: {
    200: { description: 'Figures', content: { 'application/json': { schema: trafficSchema } } },
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
