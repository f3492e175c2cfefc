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
    'For a refund that is `needs_attention`, or `pending` with a `failureCode`: the provider neither executes nor refuses it. First make sure at the provider that it was not executed. The refund becomes `failed` and its amount is released; a new `POST /v1/orders/{orderId}/refunds` can refund it. The actor and the note are stored.',
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
