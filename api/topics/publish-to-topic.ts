import { createRoute, z } from '@hono/zod-openapi';
import { publishToTopic } from '../../db/queries/messaging/publish-to-topic.ts';
import type { ApiDeps, App } from '../deps.ts';
import { contentHashOf } from '../idempotency.ts';
import { notFound } from '../problems.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';
import { keyOf, keyReused } from '../messages/key-of.ts';
import {
  asSchema,
  bodySchema,
  keyHeaders,
  ownKey,
  topicId,
} from '../messages/messaging-schemas.ts';
import { noSpeaker } from '../sessions/no-speaker.ts';
import { topicKey, topicMessageBody, topicMessageSchema } from './topic-body.ts';

const content = { 'application/json': { schema: topicMessageSchema } };

const route = createRoute({
  method: 'post',
  path: '/v1/topics/{topicId}/messages',
  operationId: 'publishToTopic',
  tags: ['Messaging'],
  summary: 'Publish a message to all other members',
  description:
    'Every other member whose filter matches gets the event `group.message`, in the order of `seq`.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ topicId }),
    headers: keyHeaders.omit({ prefer: true }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({
              body: bodySchema,
              key: topicKey.optional().openapi({
                description:
                  'The key whose newest state this message is; read it with `GET /v1/topics/{topicId}/latest?key=`',
              }),
              messageKey: ownKey.openapi({
                description: 'Your own key: publishing again returns the existing message',
              }),
              as: asSchema,
            })
            .openapi('NewTopicMessage'),
        },
      },
    },
  },
  responses: {
    200: { description: 'The same message is published already', content },
    201: { description: 'Published', content },
    ...problemResponses(...bodyProblems, 'not-found', 'idempotency-key-reused'),
  },
});

export function registerPublishToTopic(app: App, { db }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { topicId } = c.req.valid('param');
    const newMessage = c.req.valid('json');
    const result = await publishToTopic(db, {
      merchantId: c.var.merchant.id,
      topicId,
      as: newMessage.as,
      key: newMessage.key ?? null,
      messageKey: keyOf(newMessage.messageKey, c.req.valid('header')),
      contentHash: contentHashOf(newMessage),
      body: JSON.stringify(newMessage.body),
    });
    if (result.kind === 'none') throw notFound('topic', topicId);
    if (result.kind === 'noSpeaker') throw noSpeaker();
    if (result.kind === 'keyReused') throw keyReused();
    return c.json(topicMessageBody(result.message), result.kind === 'existing' ? 200 : 201);
  });
}
