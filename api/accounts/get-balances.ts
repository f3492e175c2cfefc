import { createRoute, z } from '@hono/zod-openapi';
import { readBalances } from '../../db/queries/read-balances.ts';
import type { ApiDeps, App } from '../deps.ts';
import { problemResponses } from '../schemas.ts';

const minor = (description: string) => z.int().openapi({ description });

const balanceSchema = z
  .object({
    accountId: z.string(),
    provider: z.string(),
    currency: z.string(),
    providerMinor: minor('What the provider owes: captured, less what was returned to payers'),
    merchantMinor: minor('What is yours: captured, less every requested refund and every dispute'),
    refundsMinor: minor('Refunds on their way to payers'),
    disputesMinor: minor('Disputed amounts that payers’ banks hold'),
  })
  .openapi('Balance');

const route = createRoute({
  method: 'get',
  path: '/v1/balances',
  operationId: 'getBalances',
  tags: ['Balances'],
  summary: 'Read balances by provider account and currency',
  description:
    'From the double-entry ledger; `providerMinor` is always the sum of the other three.',
  security: [{ apiKey: [] }],
  responses: {
    200: {
      description: 'One entry for each account and currency with ledger entries',
      content: { 'application/json': { schema: z.object({ data: z.array(balanceSchema) }) } },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerGetBalances(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const data = await readBalances(deps.db, { merchantId: c.var.merchant.id });
    return c.json({ data }, 200);
  });
}
