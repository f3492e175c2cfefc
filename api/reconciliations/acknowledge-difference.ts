import { createRoute, z } from '@hono/zod-openapi';
import { acknowledgeDifference } from '../../db/queries/differences.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import { differenceBody, differenceSchema } from './reconciliation-body.ts';
import { bodyProblems, differenceId, plainText, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'post',
  path: '/v1/differences/{differenceId}/acknowledge',
  operationId: 'acknowledgeDifference',
  tags: ['Reconciliation'],
  summary: 'Acknowledge a difference',
  description:
    'Stores the acknowledgement with your note and API key; it persists when the day is reconciled again. Repeating it changes nothing.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ differenceId }),
    body: {
      required: true,
      content: {
        'application/json': { schema: z.strictObject({ note: plainText(512) }) },
      },
    },
  },
  responses: {
    200: {
      description: 'The difference, acknowledged',
      content: { 'application/json': { schema: differenceSchema } },
    },
    ...problemResponses(...bodyProblems, 'not-found', 'difference-not-open'),
  },
});

export function registerAcknowledgeDifference(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { differenceId: id } = c.req.valid('param');
    const { note } = c.req.valid('json');
    const {
      merchant,
      apiKey: { keyId: actor },
    } = c.var;
    const result = await acknowledgeDifference(deps.db, {
      merchantId: merchant.id,
      id,
      note,
      actor,
    });
    switch (result.kind) {
      case 'absent':
        throw notFound('difference', id);
      case 'notOpen':
        throw new Problem('difference-not-open', `The difference is ${result.status}.`, {
          extensions: { differenceStatus: result.status },
        });
      case 'acknowledged':
        return c.json(differenceBody(result.difference), 200);
    }
  });
}
