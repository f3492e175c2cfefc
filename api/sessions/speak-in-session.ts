import { createRoute, z } from '@hono/zod-openapi';
import { notifySession } from '../../orchestration/start-session.ts';
import { speakInSession } from '../../db/queries/messaging/speak-in-session.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';
import { noSpeaker } from './no-speaker.ts';
import { asSchema, bodySchema, sessionId } from '../messages/messaging-schemas.ts';
import { sessionBody, sessionSchema } from './session-body.ts';

const content = { 'application/json': { schema: sessionSchema } };

const route = createRoute({
  method: 'post',
  path: '/v1/sessions/{sessionId}/messages',
  operationId: 'speakInSession',
  tags: ['Messaging'],
  summary: 'Send your message in a session',
  description:
    'Each participant sends one message: repeating it returns the session, another message is refused. The session is `complete` when both have sent theirs.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ sessionId }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ body: bodySchema, as: asSchema }).openapi('NewSessionMessage'),
        },
      },
    },
  },
  responses: {
    200: { description: 'The same message is recorded already', content },
    201: { description: 'Recorded', content },
    ...problemResponses(...bodyProblems, 'not-found', 'already-spoken', 'session-over'),
  },
});

export function registerSpeakInSession(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { sessionId } = c.req.valid('param');
    const { body, as } = c.req.valid('json');
    const result = await speakInSession(deps.db, {
      merchantId: c.var.merchant.id,
      sessionId,
      as,
      body: JSON.stringify(body),
    });
    switch (result.kind) {
      case 'none':
        throw notFound('session', sessionId);
      case 'noSpeaker':
        throw noSpeaker();
      case 'contradicts':
        throw new Problem('already-spoken', `You have sent another message in ${sessionId}.`);
      case 'closed':
        throw new Problem('session-over', `Session ${sessionId} has ended.`);
      case 'recorded':
      case 'repeat':
    }
    if (result.kind === 'recorded' && result.session.status === 'complete') {
      notifySession({ ...deps, sessionId }).catch((error: unknown) =>
        deps.logger.info(
          { err: error, sessionId },
          'the session was not signalled; it completes at its deadline',
        ),
      );
    }
    return c.json(sessionBody(result), result.kind === 'recorded' ? 201 : 200);
  });
}
