import { createRoute, z } from '@hono/zod-openapi';
import { listDeliveries } from '../../db/queries/list-deliveries.ts';
import { deliveryBody, deliverySchema, deliveryStatuses } from './delivery-body.ts';
import type { ApiDeps, App } from '../deps.ts';
import { cutPage, pageOf } from '../page.ts';
import { endpointId, eventId, limitSchema, instantSchema, problemResponses } from '../schemas.ts';

const cursorPattern = /^(\d{1,15})_(ep_[0-9a-z]{26})$/;

const route = createRoute({
  method: 'get',
  path: '/v1/deliveries',
  operationId: 'listDeliveries',
  tags: ['Endpoints'],
  summary: 'List deliveries',
  description:
    'Newest first. `status=dead,dropped` lists undelivered events with the reason; add `pending` for those that are still retried.',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      endpointId: endpointId.optional(),
      eventId: eventId.optional(),
      resourceId: z.string().max(128).optional(),
      status: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(deliveryStatuses)).min(1))
        .optional()
        .openapi({ type: 'string', example: 'dead,dropped' }),
      since: instantSchema.optional(),
      cursor: z
        .string()
        .regex(cursorPattern, 'must be the `nextCursor` of the previous page')
        .optional(),
      limit: limitSchema,
    }),
  },
  responses: {
    200: {
      description: 'One page',
      content: {
        'application/json': {
          schema: pageOf(deliverySchema),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerListDeliveries(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { cursor, limit, status, since, ...selection } = c.req.valid('query');
    const [, position, before] = cursorPattern.exec(cursor ?? '') ?? [];
    const rows = await listDeliveries(deps.db, {
      ...selection,
      merchantId: c.var.merchant.id,
      statuses: status ?? deliveryStatuses,
      since: since === undefined ? undefined : new Date(since),
      before: before === undefined ? undefined : { position: Number(position), endpointId: before },
      limit: limit + 1,
    });
    const { page, nextCursor } = cutPage(rows, {
      limit,
      cursorOf: (last) => `${last.position}_${last.endpointId}`,
    });
    return c.json({ data: page.map(deliveryBody), nextCursor }, 200);
  });
}
