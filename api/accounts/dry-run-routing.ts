import { createRoute, z } from '@hono/zod-openapi';
import { findRoutes } from '../../services/payments/route-payment.ts';
import type { ApiDeps, App } from '../deps.ts';
import { bodyProblems, newOrderSchema, problemResponses } from '../schemas.ts';

const routeSchema = z
  .object({
    accountId: z.string(),
    provider: z.string(),
    method: z.string(),
    verdict: z
      .enum([
        'fits',
        'disabled',
        'method_not_offered',
        'currency_not_offered',
        'amount_below_least',
        'amount_above_most',
        'cannot_authorize',
        'payer_unknown',
        'already_tried',
      ])
      .openapi({ description: '`fits`, or the first reason why the route does not fit' }),
    health: z.enum(['healthy', 'probing', 'open']).openapi({
      description: '`open`: calls to this account fail; `probing`: they failed a while ago',
    }),
    priority: z.int(),
    weight: z.int(),
  })
  .openapi('Route');

const route = createRoute({
  method: 'post',
  path: '/v1/routing/dry-run',
  operationId: 'dryRunRouting',
  tags: ['Routing'],
  summary: 'Explain which payment route an order would take',
  description:
    'Creates no payment. Tender would try the first entry that `fits`, and the next one only if that attempt certainly did not execute. Accounts of equal priority are drawn by weight, so two responses may differ.',
  security: [{ apiKey: [] }],
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: newOrderSchema.pick({
            amountMinor: true,
            currency: true,
            methods: true,
            capture: true,
            payer: true,
          }),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'All routes; the first that fits is tried first',
      content: { 'application/json': { schema: z.object({ routes: z.array(routeSchema) }) } },
    },
    ...problemResponses(...bodyProblems),
  },
});

export function registerDryRunRouting(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const body = c.req.valid('json');
    const { id: merchantId } = c.var.merchant;
    return c.json(
      { routes: await findRoutes(deps, { ...body, methods: body.methods, merchantId }) },
      200,
    );
  });
}
