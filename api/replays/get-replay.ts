import { createRoute, z } from '@hono/zod-openapi';
import { cancelReplay, findReplay } from '../../db/queries/replays.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { replayBody, replaySchema } from './replay-body.ts';
import { problemResponses, replayId } from '../schemas.ts';

const answers = {
  200: {
    description: 'The job and its progress',
    content: { 'application/json': { schema: replaySchema } },
  },
  ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
};

const read = createRoute({
  method: 'get',
  path: '/v1/replays/{replayId}',
  operationId: 'getReplay',
  tags: ['Endpoints'],
  summary: 'Read the progress of a replay',
  security: [{ apiKey: [] }],
  request: { params: z.object({ replayId }) },
  responses: answers,
});

const cancel = createRoute({
  method: 'post',
  path: '/v1/replays/{replayId}/cancel',
  operationId: 'cancelReplay',
  tags: ['Endpoints'],
  summary: 'Stop a replay',
  description: 'The replay queues no more events; queued events are delivered.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ replayId }) },
  responses: answers,
});

export function registerReplays(app: App, { db }: ApiDeps) {
  app.openapi(read, async (c) => {
    const { replayId } = c.req.valid('param');
    const replay = await findReplay(db, { merchantId: c.var.merchant.id, replayId });
    if (!replay) throw notFound('replay', replayId);
    return c.json(replayBody(replay), 200);
  });
  app.openapi(cancel, async (c) => {
    const { replayId } = c.req.valid('param');
    const replay = await cancelReplay(db, { merchantId: c.var.merchant.id, replayId });
    if (!replay) throw notFound('replay', replayId);
    return c.json(replayBody(replay), 200);
  });
}
