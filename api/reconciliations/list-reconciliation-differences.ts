import { createRoute, z } from '@hono/zod-openapi';
import { listDifferences } from '../../db/queries/differences.ts';
import { findReconciliation } from '../../db/queries/reconciliations.ts';
import { differenceStatuses } from '../../domain/reconciliation.ts';
import type { ApiDeps, App } from '../deps.ts';
import { pageQuery } from '../page.ts';
import { notFound } from '../problems.ts';
import { differenceBody, differenceSchema } from './reconciliation-body.ts';
import { differenceId, problemResponses, reconciliationId } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/reconciliations/{reconciliationId}/differences',
  operationId: 'listDifferences',
  tags: ['Reconciliation'],
  summary: 'List the differences between ledger and statement',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ reconciliationId }),
    query: z.strictObject({
      status: z.enum(differenceStatuses).optional(),
      ...pageQuery(differenceId),
    }),
  },
  responses: {
    200: {
      description: 'One page, oldest first',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(differenceSchema),
            nextCursor: z.string().nullable().openapi({ description: 'null on the last page' }),
          }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerListReconciliationDifferences(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { reconciliationId: id } = c.req.valid('param');
    const { status, cursor, limit } = c.req.valid('query');
    const { id: merchantId } = c.var.merchant;
    if (!(await findReconciliation(deps.db, { merchantId, id }))) {
      throw notFound('reconciliation', id);
    }
    const { rows, hasMore } = await listDifferences(deps.db, {
      reconciliationId: id,
      status,
      limit,
      after: cursor,
    });
    const nextCursor = hasMore ? (rows.at(-1)?.id ?? null) : null;
    return c.json({ data: rows.map(differenceBody), nextCursor }, 200);
  });
}
