import { createRoute, z } from '@hono/zod-openapi';
import { rankWays } from '../../activities/payments/rank-ways.ts';
import { sayWishes } from '../../activities/orders/say-wishes.ts';
import { findOrder } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import { readOrder } from '../../db/queries/read-order.ts';
import { requestWish } from '../../db/queries/request-wish.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { ApiDeps, App } from '../deps.ts';
import { etagOf, orderBody } from '../order-body.ts';
import { notFound, Problem } from '../problems.ts';
import { methodSchema, orderId, orderSchema, problemResponses } from '../schemas.ts';
import { parseWaitMs, waitFor } from '../wait-for.ts';

const content = { 'application/json': { schema: orderSchema } };

const route = createRoute({
  method: 'post',
  path: '/v1/orders/{orderId}/payments',
  tags: ['Orders'],
  summary: 'Pay an order another way',
  description:
    'The attempt under way is closed at its provider first; where it turns out to be paid, the order is paid and nothing is switched. 202 when that takes longer than `Prefer: wait` allows (10 s by default).',
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
    200: { description: 'The order, to be paid the other way', content },
    202: { description: 'The order; it is being switched', content },
    ...problemResponses(
      'invalid-request',
      'malformed-json',
      'unauthorized',
      'not-found',
      'order-not-switchable',
      'content-too-large',
      'unsupported-media-type',
      'no-provider-account',
    ),
  },
});

const defaultWaitMs = 10_000;

export function registerSwitchPayment(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { orderId } = c.req.valid('param');
    const { method } = c.req.valid('json');
    const { merchant } = c.var;
    const read = () => findOrder(deps.db, { merchantId: merchant.id, orderId });
    const before = await read();
    if (!before) throw notFound('order', orderId);
    if (!isSwitchedTo(before, method)) {
      if (before.snapshot.status !== 'pending') throw notSwitchable(before);
      await wishToSwitch(deps, { orderId, method });
    }
    const view = await waitFor({
      changes: deps.changes,
      channel: 'tender_orders',
      key: orderId,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, defaultWaitMs),
      caller: c.req.raw.signal,
      read,
      isEnough: (found) =>
        !found || found.snapshot.status !== 'pending' || isSwitchedTo(found, method),
    });
    if (!view) throw notFound('order', orderId);
    c.header('etag', etagOf(view));
    if (view.snapshot.status !== 'pending') throw notSwitchable(view);
    return c.json(orderBody(view, deps.publicUrl), isSwitchedTo(view, method) ? 200 : 202);
  });
}

/** Writes the wish down and tells the order's workflow. Refuses a method no account can take. */
export async function wishToSwitch(
  deps: ApiDeps,
  { orderId, method }: { orderId: OrderId; method: string },
): Promise<void> {
  const { order } = await readOrder(deps.db, { orderId });
  const routes = await rankWays(deps, { ...order, methods: [method] });
  if (!routes.some(({ verdict }) => verdict === 'fits')) {
    throw new Problem('no-provider-account', `No provider account can take ${method}.`, {
      extensions: { routes },
    });
  }
  await requestWish(deps.db, { orderId, wish: { kind: 'switch', method } });
  sayWishes(deps, { orderId }).catch((error: unknown) =>
    deps.logger.warn({ err: error, orderId }, 'the switch waits for the sweep'),
  );
}

function isSwitchedTo(view: OrderView, method: string): boolean {
  return view.method === method && view.nextAction !== null;
}

function notSwitchable({ snapshot: { status } }: OrderView): Problem {
  return new Problem('order-not-switchable', `The order is ${status}.`, {
    extensions: { orderStatus: status },
  });
}
