import { createRoute, z } from '@hono/zod-openapi';
import { listOrders } from '../../db/queries/list-orders.ts';
import { orderStatuses } from '../../domain/order.ts';
import type { ApiDeps, App } from '../deps.ts';
import { orderBody } from './order-body.ts';
import { pageQuery } from '../page.ts';
import { instantSchema, orderId, orderSchema, plainText, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/orders',
  operationId: 'listOrders',
  tags: ['Orders'],
  summary: 'List orders, newest first',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      status: z.enum(orderStatuses).optional(),
      merchantOrderNo: plainText(64).optional(),
      createdFrom: instantSchema.optional(),
      createdBefore: instantSchema.optional(),
      ...pageQuery(orderId),
    }),
  },
  responses: {
    200: {
      description: 'One page',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(orderSchema),
            nextCursor: z.string().nullable().openapi({ description: 'null on the last page' }),
          }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerListOrders(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { cursor, limit, createdFrom, createdBefore, ...filter } = c.req.valid('query');
    const page = await listOrders(deps.db, {
      merchantId: c.var.merchant.id,
      filter: {
        ...filter,
        createdFrom: createdFrom === undefined ? undefined : new Date(createdFrom),
        createdBefore: createdBefore === undefined ? undefined : new Date(createdBefore),
      },
      before: cursor,
      limit,
    });
    const last = page.orders.at(-1);
    return c.json(
      {
        data: page.orders.map((view) => orderBody(view, deps.publicUrl)),
        nextCursor: page.hasMore && last ? last.snapshot.id : null,
      },
      200,
    );
  });
}
