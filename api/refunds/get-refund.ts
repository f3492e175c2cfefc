import { createRoute, z } from '@hono/zod-openapi';
import { findRefund } from '../../db/queries/find-refund.ts';
import type { MerchantId, OrderId, RefundId } from '../../domain/ids.ts';
import { refundSnapshotOf } from '../../domain/order-snapshot.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { problemResponses, refundId, refundSchema } from '../schemas.ts';
import { parseWaitMs, waitFor } from '../wait-for.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/refunds/{refundId}',
  operationId: 'getRefund',
  tags: ['Refunds'],
  summary: 'Read a refund, or wait for its end',
  description: 'With `Prefer: wait=N` the response waits until the refund is no longer `pending`.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ refundId }),
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=30' }) }),
  },
  responses: {
    200: { description: 'The refund', content: { 'application/json': { schema: refundSchema } } },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetRefund(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { refundId } = c.req.valid('param');
    const { id: merchantId } = c.var.merchant;
    const known = await findRefund(deps.db, { merchantId, refundId });
    if (!known) throw notFound('refund', refundId);
    const refund = await waitForRefund(deps, {
      merchantId,
      refundId,
      orderId: known.orderId,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, 0),
      caller: c.var.endOfWait(),
    });
    return c.json(refundSnapshotOf(refund ?? known), 200);
  });
}

/** Waits until the refund is no longer pending or the timeout passes, and returns it. */
export function waitForRefund(
  deps: ApiDeps,
  input: {
    merchantId: MerchantId;
    refundId: RefundId;
    orderId: OrderId;
    timeoutMs: number;
    caller: AbortSignal;
  },
) {
  return waitFor({
    subscribe: (onChange) => deps.changes.subscribe('tender_orders', input.orderId, onChange),
    timeoutMs: input.timeoutMs,
    caller: input.caller,
    read: () => findRefund(deps.db, input),
    isEnough: (found) => found?.status !== 'pending',
  });
}
