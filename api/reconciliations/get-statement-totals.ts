import { createRoute, z } from '@hono/zod-openapi';
import { findReconciliation } from '../../db/queries/reconciliations.ts';
import { statementTotals } from '../../db/queries/statement-totals.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { problemResponses, reconciliationId } from '../schemas.ts';

const totalSchema = z
  .object({
    kind: z.enum(['payment', 'refund', 'dispute', 'other', 'unreadable']),
    category: z.string().nullable().openapi({
      description:
        "The provider's category of entries without a payment, such as monthly fees and payouts",
      example: 'payout',
    }),
    currency: z.string().nullable().openapi({ example: 'CNY' }),
    lines: z.int(),
    amountMinor: z.int().openapi({
      description: 'Payments and refunds as absolute amounts, all others as signed balance changes',
    }),
    feeMinor: z.int().openapi({ description: 'Fees of these lines, less returned fees' }),
  })
  .openapi('StatementTotal');

const route = createRoute({
  method: 'get',
  path: '/v1/reconciliations/{reconciliationId}/totals',
  operationId: 'getStatementTotals',
  tags: ['Reconciliation'],
  summary: "Read the totals of the day's statement",
  description:
    'Totals by kind and currency, with fees, for bookkeeping. Empty if the statement was never fetched or is older than 45 days.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ reconciliationId }) },
  responses: {
    200: {
      description: 'The totals',
      content: { 'application/json': { schema: z.object({ data: z.array(totalSchema) }) } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetStatementTotals(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { reconciliationId: id } = c.req.valid('param');
    const run = await findReconciliation(deps.db, { merchantId: c.var.merchant.id, id });
    if (!run) throw notFound('reconciliation', id);
    return c.json({ data: await statementTotals(deps.db, run) }, 200);
  });
}
