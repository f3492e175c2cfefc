import { createRoute, z } from '@hono/zod-openapi';
import { beginRefund } from '../../orchestration/start-refund.ts';
import { requestRefund } from '../../services/refunds/request-refund.ts';
import { findOrder } from '../../db/queries/find-order.ts';
import { refundSnapshotOf } from '../../domain/order-snapshot.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import {
  bodyProblems,
  locationHeader,
  newRefundSchema,
  orderId,
  problemResponses,
  refundSchema,
} from '../schemas.ts';
import { parseWaitMs } from '../wait-for.ts';
import { waitForRefund } from './get-refund.ts';

const answer = {
  content: { 'application/json': { schema: refundSchema } },
  headers: locationHeader,
};

const route = createRoute({
  method: 'post',
  path: '/v1/orders/{orderId}/refunds',
  operationId: 'createRefund',
  tags: ['Refunds'],
  summary: 'Refund an order',
  description:
    'Reserves the amount at once, so that concurrent refunds together never exceed the captured amount. Returns 201 with the refund after `Prefer: wait` (5 s by default) at the latest; it may still be `pending`. Repeating the request with the same `merchantRefundNo` returns 200 with the same refund.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ orderId }),
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=10' }) }),
    body: { required: true, content: { 'application/json': { schema: newRefundSchema } } },
  },
  responses: {
    200: { description: 'The same refund exists already', ...answer },
    201: { description: 'The refund; its amount is reserved', ...answer },
    ...problemResponses(
      ...bodyProblems,
      'not-found',
      'nothing-to-refund',
      'refund-exceeds-payment',
      'refund-number-taken',
    ),
  },
});

const defaultWaitMs = 5_000;

export function registerCreateRefund(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { orderId } = c.req.valid('param');
    const body = c.req.valid('json');
    const { merchant } = c.var;
    if (!(await findOrder(deps.db, { merchantId: merchant.id, orderId }))) {
      throw notFound('order', orderId);
    }
    const result = await requestRefund(deps.db, {
      ...body,
      orderId,
      merchantId: merchant.id,
      cause: 'requested',
    });
    switch (result.kind) {
      case 'noPayment':
        throw new Problem('nothing-to-refund', 'The order has no such captured payment.');
      case 'tooMuch':
        throw new Problem(
          'refund-exceeds-payment',
          `No more than ${result.refundableMinor} can be refunded.`,
          { extensions: { refundableMinor: result.refundableMinor } },
        );
      case 'numberTaken':
        throw new Problem(
          'refund-number-taken',
          `Refund number ${body.merchantRefundNo} is ${result.refund.id}.`,
          { extensions: { refundId: result.refund.id } },
        );
      case 'reserved':
        beginRefund(deps, result);
    }
    const refund = await waitForRefund(deps, {
      refundId: result.refund.id,
      merchantId: merchant.id,
      orderId,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, defaultWaitMs),
      caller: c.var.endOfWait(),
    });
    c.header('location', `${deps.publicUrl}/v1/refunds/${result.refund.id}`);
    return c.json(
      refundSnapshotOf(refund ?? result.refund),
      result.kind === 'existing' ? 200 : 201,
    );
  });
}
