import { createRoute, z } from '@hono/zod-openapi';
import { notifyExchange } from '../../orchestration/start-exchange.ts';
import { recordReply } from '../../db/queries/messaging/record-reply.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound, Problem } from '../problems.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';
import { messageBody, messageSchema } from './message-body.ts';
import { bodySchema, messageId } from './messaging-schemas.ts';

const content = { 'application/json': { schema: messageSchema } };

const route = createRoute({
  method: 'post',
  path: '/v1/messages/{messageId}/reply',
  operationId: 'replyToMessage',
  tags: ['Messaging'],
  summary: 'Reply to a request',
  description:
    'For the merchant that received the request. Exactly one reply is recorded. Repeating it returns the request; another reply, or one after the deadline, is refused.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ messageId }),
    body: {
      required: true,
      content: {
        'application/json': { schema: z.strictObject({ body: bodySchema }).openapi('NewReply') },
      },
    },
  },
  responses: {
    200: { description: 'The same reply is recorded already', content },
    201: { description: 'Recorded; the requester is notified', content },
    ...problemResponses(...bodyProblems, 'not-found', 'already-replied', 'reply-too-late'),
  },
});

export function registerReplyToMessage(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { messageId } = c.req.valid('param');
    const result = await recordReply(deps.db, {
      merchantId: c.var.merchant.id,
      messageId,
      via: 'post',
      body: JSON.stringify(c.req.valid('json').body),
    });
    switch (result.kind) {
      case 'none':
        throw notFound('message', messageId);
      case 'contradicts':
        throw new Problem('already-replied', `Message ${messageId} has another reply.`);
      case 'late':
        throw new Problem(
          'reply-too-late',
          `Replies to ${messageId} were accepted until ${result.message.expiresAt.toISOString()}.`,
        );
      case 'record':
        notifyExchange({ ...deps, messageId }).catch((error: unknown) =>
          deps.logger.info(
            { err: error, messageId },
            'the exchange was not signalled; it reads the reply at its deadline',
          ),
        );
    }
    return c.json(messageBody(result.message), result.kind === 'record' ? 201 : 200);
  });
}
