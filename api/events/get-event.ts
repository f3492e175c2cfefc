import { createRoute, z } from '@hono/zod-openapi';
import { findEvent } from '../../db/queries/find-event.ts';
import { listDeliveries } from '../../db/queries/list-deliveries.ts';
import { deliveryBody, deliverySchema, deliveryStatuses } from '../deliveries/delivery-body.ts';
import type { ApiDeps, App } from '../deps.ts';
import { feedEventSchema } from './event-envelopes.ts';
import { notFound } from '../problems.ts';
import { cursorSchema, eventId, problemResponses } from '../schemas.ts';

const shownDeliveries = 100;

const route = createRoute({
  method: 'get',
  path: '/v1/events/{eventId}',
  operationId: 'getEvent',
  tags: ['Events'],
  summary: 'Read an event with its deliveries',
  description:
    'The event with its delivery to each matching endpoint; no deliveries means that no endpoint matched. `GET /v1/deliveries?eventId=…` lists more than 100.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ eventId }) },
  responses: {
    200: {
      description: 'The event with its deliveries',
      content: {
        'application/json': {
          schema: feedEventSchema.extend({
            resourceId: z.string(),
            channels: z.array(z.string()),
            cursor: cursorSchema.nullable().openapi({
              description:
                'Its position in the feed; null until it is assigned, a moment after publishing',
            }),
            deliveries: z.array(deliverySchema),
          }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetEvent(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { eventId } = c.req.valid('param');
    const merchantId = c.var.merchant.id;
    const event = await findEvent(deps.db, { merchantId, eventId });
    if (!event) throw notFound('event', eventId);
    const deliveries = await listDeliveries(deps.db, {
      merchantId,
      eventId,
      statuses: deliveryStatuses,
      limit: shownDeliveries,
    });
    const cursorAt = await deps.cursors.writer(c.var.merchant.shard);
    const rest = JSON.stringify({
      resourceId: event.resourceId,
      channels: event.channels,
      cursor: event.position === null ? null : cursorAt(event.position),
      deliveries: deliveries.map(deliveryBody),
    });
    // The stored bytes of the envelope stay unchanged; the other fields follow.
    const body = `${event.body.slice(0, -1)},${rest.slice(1)}`;
    return c.body(body, 200, { 'content-type': 'application/json' }) as never;
  });
}
