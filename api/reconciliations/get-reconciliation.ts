import { createRoute, z } from '@hono/zod-openapi';
import { findReconciliation } from '../../db/queries/reconciliations.ts';
import type { MerchantId, ReconciliationId } from '../../domain/ids.ts';
import { reconciliationSnapshotOf } from '../../domain/reconciliation.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { problemResponses, reconciliationId, reconciliationSchema } from '../schemas.ts';
import { parseWaitMs, waitFor } from '../wait-for.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/reconciliations/{reconciliationId}',
  operationId: 'getReconciliation',
  tags: ['Reconciliation'],
  summary: 'Read a reconciliation, or wait for its end',
  description: 'With `Prefer: wait=N` the response waits until it is `done` or `failed`.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ reconciliationId }),
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=30' }) }),
  },
  responses: {
    200: {
      description: 'The run',
      content: { 'application/json': { schema: reconciliationSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetReconciliation(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { reconciliationId: id } = c.req.valid('param');
    const { id: merchantId } = c.var.merchant;
    const run = await waitForReconciliation(deps, {
      merchantId,
      id,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, 0),
      caller: c.var.endOfWait(),
    });
    if (!run) throw notFound('reconciliation', id);
    return c.json(reconciliationSnapshotOf(run), 200);
  });
}

/** Waits until the run ends or the timeout passes, and returns it. */
export function waitForReconciliation(
  deps: ApiDeps,
  input: { merchantId: MerchantId; id: ReconciliationId; timeoutMs: number; caller: AbortSignal },
) {
  return waitFor({
    // Its database trigger notifies on this channel, under the run's id.
    subscribe: (onChange) => deps.changes.subscribe('tender_orders', input.id, onChange),
    timeoutMs: input.timeoutMs,
    caller: input.caller,
    read: () => findReconciliation(deps.db, input),
    isEnough: (found) =>
      found === undefined || found.status === 'done' || found.status === 'failed',
  });
}
