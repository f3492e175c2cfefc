import { createRoute, z } from '@hono/zod-openapi';
import { findRoutes } from '../../services/payments/route-payment.ts';
import { redeliverCommands } from '../../services/orders/redeliver-commands.ts';
import { findOrder } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { currentPayment, readOrder } from '../../db/queries/read-order.ts';
import { requestCommand } from '../../db/queries/request-command.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { ApiDeps, App } from '../deps.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { etagOf, orderBody } from './order-body.ts';
import { notFound, Problem } from '../problems.ts';
import {
  bodyProblems,
  etagHeader,
  methodSchema,
  orderId,
  orderSchema,
  problemResponses,
} from '../schemas.ts';
import { parseWaitMs } from '../wait-for.ts';
import { waitForOrder } from './get-order.ts';

const answer = { content: { 'application/json': { schema: orderSchema } }, headers: etagHeader };

const route = createRoute({
  method: 'post',
  path: '/v1/orders/{orderId}/payments',
  operationId: 'switchPayment',
  tags: ['Orders'],
  summary: 'Switch the payment method of an order',
  description:
    'Closes the current attempt at its provider first; if that attempt was paid, the order is paid and nothing is switched. With the current method, the provider is asked for a new code or address under the same number. Returns 202 if that takes longer than `Prefer: wait` allows (10 s by default).',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ orderId }),
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=10' }) }),
    body: {
      required: true,
      content: { 'application/json': { schema: z.strictObject({ method: methodSchema }) } },
    },
  },
  responses: {
    200: { description: 'The order, with the new payment method', ...answer },
    202: { description: 'The order; it is being switched', ...answer },
    ...problemResponses(
      ...bodyProblems,
      'not-found',
      'order-not-switchable',
      'no-provider-account',
      'limit-reached',
      'too-many-requests',
    ),
  },
});

const defaultWaitMs = 10_000;

export function registerSwitchPayment(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { orderId } = c.req.valid('param');
    const { method } = c.req.valid('json');
    const scope = { merchantId: c.var.merchant.id, orderId };
    const before = await findOrder(deps.db, scope);
    if (!before) throw notFound('order', orderId);
    if (before.snapshot.status !== 'pending') throw notSwitchable(before);
    await requestSwitch(deps, { orderId, method });
    const view = await waitForOrder(deps, {
      ...scope,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, defaultWaitMs),
      caller: c.var.endOfWait(),
      isEnough: (found) => found.snapshot.status !== 'pending' || isSwitchedTo(found, method),
    });
    c.header('etag', etagOf(view));
    if (view.snapshot.status !== 'pending') throw notSwitchable(view);
    return c.json(orderBody(view, deps.publicUrl), isSwitchedTo(view, method) ? 200 : 202);
  });
}

/**
 * Records the command and signals the order's workflow. Refuses a method that no account can take, and an attempt
 * beyond the order's limit: each attempt is a payment at a provider and part of every event of the order.
 */
export async function requestSwitch(
  deps: ApiDeps,
  { orderId, method }: { orderId: OrderId; method: string },
): Promise<void> {
  const { order, payments } = await readOrder(deps.db, { orderId });
  const { paymentsPerOrder: most } = deps.limits;
  const isRenewal = currentPayment({ payments }).method === method;
  if (payments.length >= most && !isRenewal) {
    throw new Problem('limit-reached', `An order has at most ${most} payments.`);
  }
  await deps.switches.take(orderId);
  const routes = await findRoutes(deps, { ...order, methods: [method] });
  if (!routes.some(({ verdict }) => verdict === 'fits')) {
    throw new Problem('no-provider-account', `No provider account can take ${method}.`, {
      extensions: { routes },
    });
  }
  await requestCommand(deps.db, { orderId, command: { kind: 'switch', method } });
  redeliverCommands(deps, { orderId }).catch(
    leftToRecovery(deps.logger, 'the switch', { orderId }),
  );
}

function isSwitchedTo(view: OrderView, method: string): boolean {
  return view.method === method && view.nextAction !== null && !view.isSwitching;
}

function notSwitchable({ snapshot: { status } }: OrderView): Problem {
  return new Problem('order-not-switchable', `The order is ${status}.`, {
    extensions: { orderStatus: status },
  });
}
