import { createRoute, z } from '@hono/zod-openapi';
import { redeliverCommands } from '../../services/orders/redeliver-commands.ts';
import { findOrder } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { requestCommand } from '../../db/queries/request-command.ts';
import type { ApiDeps, App } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { etagOf, orderBody } from './order-body.ts';
import { notFound, Problem } from '../problems.ts';
import { etagHeader, orderId, orderSchema, problemResponses } from '../schemas.ts';
import { parseWaitMs } from '../wait-for.ts';
import { waitForOrder } from './get-order.ts';

const answer = { content: { 'application/json': { schema: orderSchema } }, headers: etagHeader };

const route = createRoute({
  method: 'post',
  path: '/v1/orders/{orderId}/cancel',
  operationId: 'cancelOrder',
  tags: ['Orders'],
  summary: 'Cancel an unpaid order, or void an authorisation',
  description:
    'Queries the payment at the provider, closes it there, and queries it again: an order that was paid meanwhile returns 409 and stays paid. Returns 202 if that takes longer than `Prefer: wait` allows (10 s by default); the cancellation continues.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ orderId }),
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=10' }) }),
  },
  responses: {
    200: { description: 'The order, closed', ...answer },
    202: { description: 'The order; it is being cancelled', ...answer },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found', 'order-not-cancellable'),
  },
});

const defaultWaitMs = 10_000;

export function registerCancelOrder(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { orderId } = c.req.valid('param');
    const scope = { merchantId: c.var.merchant.id, orderId };
    const before = await findOrder(deps.db, scope);
    if (!before) throw notFound('order', orderId);
    if (isOpen(before)) {
      await requestCommand(deps.db, { orderId, command: { kind: 'cancel' } });
      redeliverCommands(deps, { orderId }).catch(
        leftToRecovery(deps.logger, 'the cancellation', { orderId }),
      );
    }
    const view = await waitForOrder(deps, {
      ...scope,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, defaultWaitMs),
      caller: c.var.endOfWait(),
      isEnough: (found) => !isOpen(found),
    });
    const { status, closeReason } = view.snapshot;
    c.header('etag', etagOf(view));
    if (isOpen(view)) return c.json(orderBody(view, deps.publicUrl), 202);
    if (status === 'closed' && closeReason === 'cancelled') {
      return c.json(orderBody(view, deps.publicUrl), 200);
    }
    throw new Problem('order-not-cancellable', `The order is ${status}.`, {
      extensions: { orderStatus: status },
    });
  });
}

function isOpen({ snapshot: { status } }: OrderView): boolean {
  return status === 'pending' || status === 'authorized';
}
