import { createRoute, z } from '@hono/zod-openapi';
import { beginReconciliation } from '../../services/reconciliation/begin-reconciliation.ts';
import { readAccount } from '../../db/queries/provider-accounts.ts';
import { dateIn, reconciliationSnapshotOf } from '../../domain/reconciliation.ts';
import { findDefinition } from '../../providers/registry.ts';
import type { ApiDeps, App } from '../deps.ts';
import { refuseFields } from '../refuse-fields.ts';
import {
  accountId,
  bodyProblems,
  daySchema,
  locationHeader,
  problemResponses,
  reconciliationSchema,
} from '../schemas.ts';
import { parseWaitMs } from '../wait-for.ts';
import { waitForReconciliation } from './get-reconciliation.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/reconciliations',
  operationId: 'createReconciliation',
  tags: ['Reconciliation'],
  summary: "Compare a day of an account with the provider's statement",
  description:
    'An account has one reconciliation per day: another request runs it again, or fetches the statement at once if it is awaited. With `Prefer: wait=N` the response waits for its end.',
  security: [{ apiKey: [] }],
  request: {
    headers: z.object({ prefer: z.string().optional().openapi({ example: 'wait=30' }) }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              accountId,
              date: daySchema.openapi({
                description:
                  "As the provider counts days: Alipay's and WeChat Pay's are UTC+8, Stripe's UTC",
              }),
            })
            .openapi('NewReconciliation'),
        },
      },
    },
  },
  responses: {
    202: {
      description: 'The run',
      content: { 'application/json': { schema: reconciliationSchema } },
      headers: locationHeader,
    },
    ...problemResponses(...bodyProblems),
  },
});

export function registerCreateReconciliation(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { accountId, date } = c.req.valid('json');
    const { merchant } = c.var;
    const account = await readAccount(deps.db, { accountId });
    const definition = account && findDefinition(account.provider);
    if (!definition || account.merchantId !== merchant.id) {
      const message = 'must be one of your accounts';
      throw refuseFields([{ in: 'body', field: '/accountId', message }]);
    }
    const today = dateIn(definition.statements.timeZone, Date.now());
    if (date > today) {
      const message = `must not be after today, ${today}`;
      throw refuseFields([{ in: 'body', field: '/date', message }]);
    }
    const run = await beginReconciliation(deps, {
      accountId,
      date,
      merchantId: merchant.id,
      trigger: 'request',
    });
    const latest = await waitForReconciliation(deps, {
      merchantId: merchant.id,
      id: run.id,
      timeoutMs: parseWaitMs(c.req.valid('header').prefer, 0),
      caller: c.var.endOfWait(),
    });
    c.header('location', `${deps.publicUrl}/v1/reconciliations/${run.id}`);
    return c.json(reconciliationSnapshotOf(latest ?? run), 202);
  });
}
