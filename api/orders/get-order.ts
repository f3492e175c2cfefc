import { createRoute, z } from '@hono/zod-openapi';
import { findOrder } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import type { MerchantId, OrderId } from '../../domain/ids.ts';
import type { ApiDeps, App } from '../deps.ts';
import { etagOf, orderBody } from './order-body.ts';
import { renewHandle } from './renew-handle.ts';
import { notFound } from '../problems.ts';
import { etagHeader, orderId, orderSchema, problemResponses } from '../schemas.ts';
import { parseWaitMs, waitFor } from '../wait-for.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/orders/{orderId}',
  operationId: 'getOrder',
  tags: ['Orders'],
  summary: 'Read an order, or wait for it to change',
  description:
    'With `Prefer: wait=N` the response waits up to N seconds (at most 60) until the order differs from the version in `If-None-Match`, or from its version at the request. An expired code or address is renewed first.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ orderId }),
    headers: z.object({
      prefer: z.string().optional().openapi({ example: 'wait=30' }),
      'if-none-match': z
        .string()
        .optional()
        .openapi({ description: 'The ETag of your last response' }),
    }),
  },
  responses: {
    200: {
      description: 'The order',
      content: { 'application/json': { schema: orderSchema } },
      headers: etagHeader,
    },
    304: { description: 'The order has not changed', headers: etagHeader },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetOrder(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { orderId } = c.req.valid('param');
    const headers = c.req.valid('header');
    // Weak comparison (RFC 9110, 13.1.2), because a compressing proxy weakens the tag.
    const sentTag = headers['if-none-match']?.replace(/^W\//, '');
    let known = sentTag;
    const scope = { merchantId: c.var.merchant.id, orderId };
    const caller = c.var.endOfWait();
    const found = await waitForOrder(deps, {
      ...scope,
      caller,
      timeoutMs: parseWaitMs(headers.prefer, 0),
      isEnough: (found) => {
        known ??= etagOf(found);
        return etagOf(found) !== known || found.isHandleDead;
      },
    });
    const view = await renewHandle(deps, {
      view: found,
      caller,
      read: async () => (await findOrder(deps.db, scope)) ?? found,
    });
    c.header('etag', etagOf(view));
    if (sentTag === etagOf(view)) return c.body(null, 304);
    return c.json(orderBody(view, deps.publicUrl), 200);
  });
}

/**
 * Waits until the order satisfies `isEnough` or the timeout passes, and returns it. Throws a 404 problem if it does not
 * exist.
 */
export async function waitForOrder(
  deps: ApiDeps,
  input: {
    merchantId: MerchantId;
    orderId: OrderId;
    timeoutMs: number;
    caller: AbortSignal;
    isEnough: (view: OrderView) => boolean;
  },
): Promise<OrderView> {
  const view = await waitFor({
    subscribe: (onChange) => deps.changes.subscribe('tender_orders', input.orderId, onChange),
    timeoutMs: input.timeoutMs,
    caller: input.caller,
    read: () => findOrder(deps.db, input),
    isEnough: (found) => !found || input.isEnough(found),
  });
  if (!view) throw notFound('order', input.orderId);
  return view;
}
