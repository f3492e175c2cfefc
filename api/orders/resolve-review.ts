import { createRoute, z } from '@hono/zod-openapi';
import { redeliverCommands } from '../../services/orders/redeliver-commands.ts';
import { findOrder } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { dismissDoubt } from '../../services/orders/dismiss-doubt.ts';
import { isEnded } from '../../domain/order.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { requestCommand } from '../../db/queries/request-command.ts';
import { reviewVerbs } from '../../domain/review.ts';
import type { ApiDeps, App } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { etagOf, orderBody } from './order-body.ts';
import { notFound, Problem } from '../problems.ts';
import {
  bodyProblems,
  etagHeader,
  orderId,
  orderSchema,
  plainText,
  problemResponses,
} from '../schemas.ts';
import { parseWaitMs, waitFor } from '../wait-for.ts';

const answer = { content: { 'application/json': { schema: orderSchema } }, headers: etagHeader };

const route = createRoute({
  method: 'post',
  path: '/v1/orders/{orderId}/resolve',
  operationId: 'resolveReview',
  tags: ['Orders'],
  summary: 'Resolve a review',
  description:
    "`accept` books the amount that the provider captured, whatever the order's amount; `refund` books it and refunds all of it; `close` closes an order for which the provider has no money; `dismiss` ends a review of something that was settled at the provider and cannot be booked: money in another currency, or a report about an ended order. The order's `review` has the facts and the available verbs. The provider is queried first. The actor and the note are stored.",
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ orderId }),
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=10' }) }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ verb: z.enum(reviewVerbs), note: plainText(512) }),
        },
      },
    },
  },
  responses: {
    200: { description: 'The order as decided', ...answer },
    202: { description: 'The order; the decision is being carried out', ...answer },
    ...problemResponses(...bodyProblems, 'not-found', 'order-not-in-review'),
  },
});

const defaultWaitMs = 10_000;

export function registerResolveReview(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { orderId } = c.req.valid('param');
    const { verb, note } = c.req.valid('json');
    const { merchant, apiKey } = c.var;
    const read = () => findOrder(deps.db, { merchantId: merchant.id, orderId });
    const before = await read();
    if (!before) throw notFound('order', orderId);
    const actor = apiKey.keyId;
    if (verb === 'dismiss' && isEnded(before.snapshot.status)) {
      const isDismissed = await dismissDoubt(deps.db, {
        orderId,
        merchantId: merchant.id,
        actor,
        note,
      });
      const after = isDismissed ? await read() : undefined;
      if (!after) throw notInReview(before);
      c.header('etag', etagOf(after));
      return c.json(orderBody(after, deps.publicUrl), 200);
    }
    const command = { kind: 'resolve', verb, note, actor, merchantId: merchant.id } as const;
    const isRecorded = await requestCommand(deps.db, { orderId, command });
    if (!isRecorded) throw notInReview(before);
    redeliverCommands(deps, { orderId }).catch(
      leftToRecovery(deps.logger, 'the decision', { orderId }),
    );
    const isDecided = async () => (await readOrder(deps.db, { orderId })).order.reviewVerb === null;
    await waitFor({
      subscribe: (onChange) => deps.changes.subscribe('tender_orders', orderId, onChange),
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, defaultWaitMs),
      caller: c.var.endOfWait(),
      read: isDecided,
      isEnough: Boolean,
    });
    const [view, decided] = await Promise.all([read(), isDecided()]);
    if (!view) throw notFound('order', orderId);
    c.header('etag', etagOf(view));
    if (!decided) return c.json(orderBody(view, deps.publicUrl), 202);
    const { status, failureCode: why } = view.snapshot;
    if (status !== 'review') return c.json(orderBody(view, deps.publicUrl), 200);
    throw new Problem('order-not-in-review', `The order cannot be resolved by ${verb}.`, {
      extensions: { orderStatus: status, why },
    });
  });
}

function notInReview({ snapshot: { status, review } }: OrderView): Problem {
  const verbs = review?.verbs.join(', ');
  const explanation = verbs ? `it can be resolved by: ${verbs}` : 'it has no review';
  return new Problem('order-not-in-review', `The order is ${status}, and ${explanation}.`, {
    extensions: { orderStatus: status },
  });
}
