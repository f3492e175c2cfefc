import { createRoute, z } from '@hono/zod-openapi';
import { listReconciliations } from '../../db/queries/reconciliations.ts';
import { reconciliationSnapshotOf } from '../../domain/reconciliation.ts';
import type { ApiDeps, App } from '../deps.ts';
import { pageQuery } from '../page.ts';
import { accountId, problemResponses, reconciliationId, reconciliationSchema } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/reconciliations',
  operationId: 'listReconciliations',
  tags: ['Reconciliation'],
  summary: 'List reconciliations, newest first',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      accountId: accountId.optional(),
      ...pageQuery(reconciliationId),
    }),
  },
  responses: {
    200: {
      description: 'One page',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(reconciliationSchema),
            nextCursor: z.string().nullable().openapi({ description: 'null on the last page' }),
          }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerListReconciliations(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { accountId, cursor, limit } = c.req.valid('query');
    const { rows, hasMore } = await listReconciliations(deps.db, {
      merchantId: c.var.merchant.id,
      accountId,
      limit,
      before: cursor,
    });
    const nextCursor = hasMore ? (rows.at(-1)?.id ?? null) : null;
    return c.json({ data: rows.map(reconciliationSnapshotOf), nextCursor }, 200);
  });
}
