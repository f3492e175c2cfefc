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
    'It becomes the event `group.message` of every other member whose filter lets it through, in the order of `seq`.',
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
                  'What this is the newest state of: `GET /v1/topics/{topicId}/latest?key=` has it',
              }),
              messageKey: ownKey.openapi({
                description: 'Your own key: publishing again is answered with what there is',
              }),
              as: asSchema,
            })
            .openapi('NewTopicMessage'),
        },
      },
    },
  },
  responses: {
    200: { description: 'The same message was published before', content },
    201: { description: 'Published', content },
    ...problemResponses(...bodyProblems, 'not-found', 'idempotency-key-reused'),
  },
});

export function registerPublishToTopic(app: App, { db }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { topicId } = c.req.valid('param');
    const given = c.req.valid('json');
    const result = await publishToTopic(db, {
      merchantId: c.var.merchant.id,
      topicId,
      as: given.as,
      key: given.key ?? null,
      messageKey: keyOf(given.messageKey, c.req.valid('header')),
      contentHash: contentHashOf(given),
      body: JSON.stringify(given.body),
    });
    if (result.kind === 'none') throw notFound('topic', topicId);
    if (result.kind === 'noSpeaker') throw noSpeaker();
    if (result.kind === 'keyReused') throw keyReused();
    return c.json(topicMessageBody(result.message), result.kind === 'existing' ? 200 : 201);
  });
}
