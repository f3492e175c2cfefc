import { createRoute, z } from '@hono/zod-openapi';
import { startSession } from '../../orchestration/start-session.ts';
import { createSession } from '../../db/queries/messaging/create-session.ts';
import type { ApiDeps, App } from '../deps.ts';
import { contentHashOf } from '../idempotency.ts';
import { leftToRecovery } from '../left-to-recovery.ts';
import { refuseFields } from '../refuse-fields.ts';
import { bodyProblems, locationHeader, problemResponses } from '../schemas.ts';
import { keyOf, keyReused } from '../messages/key-of.ts';
import { addressSchema, keyHeaders, ownKey, subjectSchema } from '../messages/messaging-schemas.ts';
import { participantAt } from '../messages/participant-at.ts';
import { sessionBody, sessionSchema } from './session-body.ts';

const answer = {
  content: { 'application/json': { schema: sessionSchema } },
  headers: locationHeader,
};

const newSession = z
  .strictObject({
    participants: z
      .tuple([addressSchema, addressSchema])
      .refine(([a, b]) => a !== b, 'must be two different participants')
      .openapi({
        type: 'array',
        items: { type: 'string' },
        minItems: 2,
        maxItems: 2,
        description: 'At least one of them must be yours',
      }),
    subject: subjectSchema,
    closesInSeconds: z.int().min(1).max(604_800).default(86_400),
    sessionKey: ownKey.openapi({
      description: 'Your own key: opening the session again returns the existing one',
    }),
  })
  .openapi('NewSession');

const route = createRoute({
  method: 'post',
  path: '/v1/sessions',
  operationId: 'openSession',
  tags: ['Messaging'],
  summary: 'Open a session between two participants',
  description:
    'Each participant sends one message. Both get `session.opened`, and at the end `session.completed` with the same transcript, or `session.expired` with the messages so far.',
  security: [{ apiKey: [] }],
  request: {
    headers: keyHeaders.omit({ prefer: true }),
    body: { required: true, content: { 'application/json': { schema: newSession } } },
  },
  responses: {
    200: { description: 'The same session exists already', ...answer },
    201: { description: 'Open', ...answer },
    ...problemResponses(...bodyProblems, 'not-found', 'idempotency-key-reused'),
  },
});

export function registerOpenSession(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const newSessionBody = c.req.valid('json');
    const merchantId = c.var.merchant.id;
    const [a, b] = newSessionBody.participants;
    const participants = [
      await participantAt(deps.db, { merchantId, address: a }),
      await participantAt(deps.db, { merchantId, address: b }),
    ] as const;
    if (!participants.some((one) => one.merchantId === merchantId)) {
      const message = 'must include one of your participants';
      throw refuseFields([{ in: 'body', field: '/participants', message }]);
    }
    const result = await createSession(deps.db, {
      merchantId,
      participants,
      subject: newSessionBody.subject,
      closesInSeconds: newSessionBody.closesInSeconds,
      sessionKey: keyOf(newSessionBody.sessionKey, c.req.valid('header')),
      contentHash: contentHashOf(newSessionBody),
    });
    if (result.kind === 'keyReused') throw keyReused();
    const { session } = result;
    if (session.status === 'open') {
      startSession({ ...deps, session }).catch(
        leftToRecovery(deps.logger, 'a session', { sessionId: session.id }),
      );
    }
    c.header('location', `${deps.publicUrl}/v1/sessions/${session.id}`);
    return c.json(sessionBody(result), result.kind === 'existing' ? 200 : 201);
  });
}
