import { createRoute, z } from '@hono/zod-openapi';
import { redeliverCommands } from '../../services/orders/redeliver-commands.ts';
import { findOrder } from '../../db/queries/find-order.ts';
import { requestCommand } from '../../db/queries/request-command.ts';
import { hasBeenPaid } from '../../domain/order.ts';
import type { ApiDeps, App } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { etagOf, orderBody } from './order-body.ts';
import { notFound, Problem } from '../problems.ts';
import {
  amountMinor,
  bodyProblems,
  etagHeader,
  orderId,
  orderSchema,
  problemResponses,
} from '../schemas.ts';
import { parseWaitMs } from '../wait-for.ts';
import { waitForOrder } from './get-order.ts';

const answer = { content: { 'application/json': { schema: orderSchema } }, headers: etagHeader };

const route = createRoute({
  method: 'post',
  path: '/v1/orders/{orderId}/capture',
  operationId: 'captureOrder',
  tags: ['Orders'],
  summary: 'Capture an authorised order',
  description:
    'Captures the whole amount, or `amountMinor` of it; the rest is released. Repeating the request captures nothing twice. Returns 202 if the provider takes longer than `Prefer: wait` allows (10 s by default); the capture continues.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ orderId }),
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=10' }) }),
    body: {
      required: false,
      content: {
        'application/json': { schema: z.strictObject({ amountMinor: amountMinor.optional() }) },
      },
    },
  },
  responses: {
    200: { description: 'The order, paid', ...answer },
    202: { description: 'The order; the capture is under way', ...answer },
    ...problemResponses(...bodyProblems, 'not-found', 'order-not-capturable'),
  },
});

const defaultWaitMs = 10_000;

export function registerCaptureOrder(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { orderId } = c.req.valid('param');
    const requestedMinor = c.req.valid('json')?.amountMinor;
    const scope = { merchantId: c.var.merchant.id, orderId };
    const before = await findOrder(deps.db, scope);
    if (!before) throw notFound('order', orderId);
    const { snapshot } = before;
    const captureMinor = requestedMinor ?? snapshot.amountMinor;
    const isCapturable = snapshot.status === 'authorized' && captureMinor <= snapshot.amountMinor;
    const isRepeat =
      hasBeenPaid(snapshot.status) &&
      snapshot.capture === 'manual' &&
      snapshot.capturedMinor === captureMinor;
    if (!isCapturable && !isRepeat) throw notCapturable(snapshot);
    if (isCapturable) {
      await requestCommand(deps.db, { orderId, command: { kind: 'capture', captureMinor } });
      redeliverCommands(deps, { orderId }).catch(
        leftToRecovery(deps.logger, 'the capture', { orderId }),
      );
    }
    const view = await waitForOrder(deps, {
      ...scope,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, defaultWaitMs),
      caller: c.var.endOfWait(),
      isEnough: ({ snapshot: { status, failureCode } }) =>
        status !== 'authorized' || failureCode !== null,
    });
    const { status, failureCode, capturedMinor } = view.snapshot;
    c.header('etag', etagOf(view));
    if (status === 'authorized' && failureCode === null) {
      return c.json(orderBody(view, deps.publicUrl), 202);
    }
    // Of two captures with different amounts the first was executed.
    if (hasBeenPaid(status) && capturedMinor === captureMinor) {
      return c.json(orderBody(view, deps.publicUrl), 200);
    }
    throw notCapturable(view.snapshot);
  });
}

function notCapturable({ status, failureCode }: { status: string; failureCode: string | null }) {
  return new Problem('order-not-capturable', `The order is ${status}.`, {
    extensions: { orderStatus: status, failureCode },
  });
}
