import { createRoute, z } from '@hono/zod-openapi';
import { findSession } from '../../db/queries/messaging/read-session.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { problemResponses, waitQuery } from '../schemas.ts';
import { waitFor } from '../wait-for.ts';
import { sessionId } from '../messages/messaging-schemas.ts';
import { sessionBody, sessionSchema } from './session-body.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/sessions/{sessionId}',
  operationId: 'getSession',
  tags: ['Messaging'],
  summary: 'Read a session, or wait for its end',
  description: 'Both participants get the same bytes.',
  security: [{ apiKey: [] }],
  request: { params: z.object({ sessionId }), query: z.strictObject({ wait: waitQuery }) },
  responses: {
    200: {
      description: 'The session; with `wait`, as soon as it ends',
      content: { 'application/json': { schema: sessionSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerGetSession(app: App, { db, changes }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { sessionId } = c.req.valid('param');
    const merchantId = c.var.merchant.id;
    const read = await waitFor({
      subscribe: (onChange) => changes.subscribe('tender_messaging', sessionId, onChange),
      timeoutMs: c.req.valid('query').wait * 1_000,
      caller: c.var.endOfWait(),
      read: () => findSession(db, { merchantId, sessionId }),
      isEnough: (found) => found?.session.status !== 'open',
    });
    if (!read) throw notFound('session', sessionId);
    return c.json(sessionBody(read), 200);
  });
}
