import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { findRoutes } from '../../services/payments/route-payment.ts';
import { startPayOrder } from '../../orchestration/start-pay-order.ts';
import type { OrderToStart } from '../../orchestration/start-pay-order.ts';
import { crashPoint } from '../../config/crash-points.ts';
import { createOrder, resumeKey } from '../../db/queries/create-order.ts';
import { findOrder } from '../../db/queries/find-order.ts';
import type { OrderView } from '../../db/queries/find-order.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { Merchant } from '../../db/queries/merchants.ts';
import { recordAnswer } from '../../db/queries/record-answer.ts';
import type { ApiDeps, App, AppEnv } from '../deps.ts';
import {
  contentHashOf,
  idempotencyKeySchema,
  keyInFlight,
  keyReused,
  replayed,
} from '../idempotency.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { etagOf, orderBody } from './order-body.ts';
import { Problem } from '../problems.ts';
import { resourceEndpoint } from '../endpoints/resource-endpoint.ts';
import { refuseTarget } from '../../delivery/send/target-guard.ts';
import {
  bodyProblems,
  etagHeader,
  locationHeader,
  newOrderSchema,
  orderSchema,
  problemResponses,
} from '../schemas.ts';
import { parseWaitMs, waitFor } from '../wait-for.ts';

const answer = {
  content: { 'application/json': { schema: orderSchema } },
  headers: { ...locationHeader, ...etagHeader },
};

const route = createRoute({
  method: 'post',
  path: '/v1/orders',
  operationId: 'createOrder',
  tags: ['Orders'],
  summary: 'Open an order',
  description:
    'Returns 201 once the payer can act (`nextAction`), or 202 if the provider takes longer than `Prefer: wait` allows (5 s by default); the order is stored in both cases. Sending the same order again, with or without an Idempotency-Key, never creates a second one.',
  security: [{ apiKey: [] }],
  request: {
    headers: z.object({
      'idempotency-key': idempotencyKeySchema
        .optional()
        .openapi({ description: 'The same key and body get the byte-identical response' }),
      prefer: z.string().optional().openapi({ example: 'wait=10' }),
    }),
    body: { required: true, content: { 'application/json': { schema: newOrderSchema } } },
  },
  responses: {
    200: { description: 'The same order exists already', ...answer },
    201: { description: 'The order, ready to be paid', ...answer },
    202: { description: 'The order; the provider has not answered yet', ...answer },
    ...problemResponses(
      ...bodyProblems,
      'order-number-taken',
      'idempotency-key-in-flight',
      'idempotency-key-reused',
      'no-provider-account',
      'target-not-allowed',
    ),
  },
});

type NewOrderBody = z.infer<typeof newOrderSchema>;

const defaultWaitMs = 5_000;

export function registerCreateOrder(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const headers = c.req.valid('header');
    const { merchant } = c.var;
    const idempotencyKey = headers['idempotency-key'];
    const requestHash = contentHashOf(body);
    const chosen = await chooseRoute(deps, merchant, body);
    if (chosen.kind === 'none') {
      // A stored response under this key is replayed, whatever has changed about the accounts.
      const known = await resumeKey(deps.db, { merchant, idempotencyKey, requestHash });
      if (known?.kind === 'answered') return replay(c, deps, known);
      throw new Problem('no-provider-account', 'No provider account can take this order.', {
        extensions: { routes: chosen.routes },
      });
    }
    const { account, methods } = chosen;
    refuseUrls(deps, body);
    const expiresAt = new Date(Date.now() + body.expiresInSeconds * 1_000);
    const created = await createOrder(deps.db, {
      ...body,
      merchant,
      account,
      requestHash,
      idempotencyKey,
      methods,
      confirm: body.confirm ?? null,
      returnUrl: body.returnUrl ?? null,
      notify: await resourceEndpoint(deps, { merchantId: merchant.id, url: body.notifyUrl }),
      expiresAt,
    });
    switch (created.kind) {
      case 'keyReused':
        throw keyReused();
      case 'inFlight':
        throw keyInFlight();
      case 'numberTaken':
        throw new Problem(
          'order-number-taken',
          `Order number ${body.merchantOrderNo} is ${created.orderId}.`,
          {
            extensions: { orderId: created.orderId },
          },
        );
      case 'answered':
        return replay(c, deps, created);
    }
    crashPoint('order.committed');
    const { orderId } = created;
    const known =
      created.kind === 'existing' &&
      (await findOrder(deps.db, { merchantId: merchant.id, orderId }));
    const view = await openOrder(deps, {
      order: {
        ...body,
        provider: account.provider,
        id: orderId,
        merchantId: merchant.id,
        // A repeat does not extend the expiry.
        expiresAt: known ? known.snapshot.expiresAt : expiresAt.toISOString(),
        confirmSeconds: body.confirm?.withinSeconds ?? null,
      },
      isNew: created.kind === 'created',
      waitMs: parseWaitMs(headers.prefer, defaultWaitMs),
      caller: c.var.endOfWait(),
    });
    const isRepeat = created.kind === 'existing' && idempotencyKey === undefined;
    const status = !isAnswerable(view) ? 202 : isRepeat ? 200 : 201;
    const answer = { status, body: JSON.stringify(orderBody(view, deps.publicUrl)) };
    if (idempotencyKey !== undefined) {
      await recordAnswer(deps.db, { merchantId: merchant.id, key: idempotencyKey, ...answer });
    }
    c.header('etag', etagOf(view));
    c.header('location', `${deps.publicUrl}/v1/orders/${orderId}`);
    return asJson(c, answer);
  });
}

/** The payment route to try first, and every method that the order can be paid with. */
async function chooseRoute(deps: ApiDeps, merchant: Merchant, body: NewOrderBody) {
  const routes = await findRoutes(deps, {
    ...body,
    merchantId: merchant.id,
    methods: body.methods,
  });
  const fitting = routes.filter(({ verdict }) => verdict === 'fits');
  const first = fitting[0];
  if (!first) return { kind: 'none', routes } as const;
  const offered = new Set(fitting.map(({ method }) => method));
  return {
    kind: 'found',
    account: { id: first.accountId, provider: first.provider, method: first.method },
    // In the merchant's order of preference, if the request has one.
    methods: body.methods?.filter((method) => offered.has(method)) ?? [...offered],
  } as const;
}

function refuseUrls({ allowPrivateTargets }: ApiDeps, body: NewOrderBody): void {
  const urls = { 'confirm.url': body.confirm?.url, notifyUrl: body.notifyUrl };
  for (const [field, url] of Object.entries(urls)) {
    const why = url && refuseTarget(url, { allowPrivate: allowPrivateTargets });
    if (why) throw new Problem('target-not-allowed', `${field}: ${why}`);
  }
}

/** Starts the workflow of a committed order and waits until the payer can act. */
async function openOrder(
  deps: ApiDeps,
  input: { order: OrderToStart; isNew: boolean; waitMs: number; caller: AbortSignal },
): Promise<OrderView> {
  const { order } = input;
  const { id: orderId, merchantId } = order;
  const read = async () => {
    const view = await findOrder(deps.db, { merchantId, orderId });
    if (!view) throw new Error(`order ${orderId} was just written but does not exist`);
    return view;
  };
  // If Temporal is down, the merchant gets 202 and the recovery job starts the workflow later.
  startPayOrder({ ...deps, order }).catch(leftToRecovery(deps.logger, 'the order', { orderId }));
  return waitFor({
    subscribe: (onChange) => deps.changes.subscribe('tender_orders', orderId, onChange),
    timeoutMs: input.waitMs,
    caller: input.caller,
    read,
    isEnough: isAnswerable,
    isKnownStale: input.isNew,
  });
}

const isAnswerable = (view: OrderView) =>
  view.nextAction !== null || view.snapshot.status !== 'pending';

function replay(
  c: Context<AppEnv>,
  { publicUrl }: ApiDeps,
  { status, body, orderId }: { status: number; body: string; orderId: OrderId },
) {
  const { version } = JSON.parse(body) as { version: number };
  return replayed(c, {
    status: status as 201,
    headers: {
      'content-type': 'application/json',
      location: `${publicUrl}/v1/orders/${orderId}`,
      etag: `"${version}"`,
    },
    body,
  }) as never;
}

/** A stored body that is replayed byte for byte; its shape is `orderBody`'s. */
function asJson(c: Context<AppEnv>, { status, body }: { status: number; body: string }) {
  return c.body(body, status as 201, { 'content-type': 'application/json' }) as never;
}
