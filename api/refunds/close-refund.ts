import { createRoute, z } from '@hono/zod-openapi';
import { closeRefund } from '../../services/refunds/close-refund.ts';
import { findRefund } from '../../db/queries/find-refund.ts';
import { refundSnapshotOf } from '../../domain/order-snapshot.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import { bodyProblems, plainText, problemResponses, refundId, refundSchema } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/refunds/{refundId}/close',
  operationId: 'closeRefund',
  tags: ['Refunds'],
  summary: 'Close a refund that the provider cannot execute',
  description:
    'For a refund that is `needs_attention`, or `pending` with a `failureCode`: one that the provider neither makes nor refuses. Make sure at the provider that it was not made. It has `failed` then, and its amount is free: `POST /v1/orders/{orderId}/refunds` tries anew. Who closed it, and the note, are kept.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ refundId }),
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ note: plainText(512) }) } },
    },
  },
  responses: {
    200: { description: 'The refund', content: { 'application/json': { schema: refundSchema } } },
    ...problemResponses(...bodyProblems, 'not-found', 'refund-not-stuck'),
  },
});

export function registerCloseRefund(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { refundId } = c.req.valid('param');
    const { note } = c.req.valid('json');
    const { merchant, apiKey } = c.var;
    const actor = apiKey.keyId;
    const key = { merchantId: merchant.id, refundId };
    const known = await findRefund(deps.db, key);
    if (!known) throw notFound('refund', refundId);
    const result = await closeRefund(deps.db, { ...key, orderId: known.orderId, actor, note });
    if (result.kind === 'notStuck') {
      throw new Problem('refund-not-stuck', `The refund is ${result.status}.`, {
        extensions: { refundStatus: result.status },
      });
    }
    const refund = await findRefund(deps.db, key);
    return c.json(refundSnapshotOf(refund ?? known), 200);
  });
}
