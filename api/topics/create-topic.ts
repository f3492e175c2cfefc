import { createRoute, z } from '@hono/zod-openapi';
import { createTopic, listTopics } from '../../db/queries/messaging/topics.ts';
import type { ApiDeps, App } from '../deps.ts';
import { bodyProblems, plainText, problemResponses } from '../schemas.ts';
import { messagingRoute, topicId } from '../messages/messaging-schemas.ts';
import { topicAt } from './topic-at.ts';
import { topicBody, topicSchema } from './topic-body.ts';

const content = { 'application/json': { schema: topicSchema } };

const create = createRoute({
  method: 'post',
  path: '/v1/topics',
  operationId: 'createTopic',
  ...messagingRoute,
  summary: 'Create a topic',
  description:
    'You own the topic and are its first member. Creating it again under the same name returns it.',
  request: {
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ name: plainText(128) }).openapi('NewTopic'),
        },
      },
    },
  },
  responses: {
    200: { description: 'You have a topic of this name already', content },
    201: { description: 'Created', content },
    ...problemResponses(...bodyProblems),
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/topics',
  operationId: 'listTopics',
  ...messagingRoute,
  summary: 'List the topics that you own or are a member of',
  responses: {
    200: {
      description: 'The newest 1,000',
      content: { 'application/json': { schema: z.object({ data: z.array(topicSchema) }) } },
    },
    ...problemResponses('unauthorized'),
  },
});

const read = createRoute({
  method: 'get',
  path: '/v1/topics/{topicId}',
  operationId: 'getTopic',
  ...messagingRoute,
  summary: 'Read a topic',
  request: { params: z.object({ topicId }) },
  responses: {
    200: { description: 'The topic', content },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

const maxListed = 1_000;

export function registerCreateTopic(app: App, { db }: ApiDeps) {
  app.openapi(create, async (c) => {
    const { name } = c.req.valid('json');
    const { topic, isNew } = await createTopic(db, { merchantId: c.var.merchant.id, name });
    return c.json(topicBody(topic), isNew ? 201 : 200);
  });
  app.openapi(list, async (c) => {
    const rows = await listTopics(db, { merchantId: c.var.merchant.id, limit: maxListed });
    return c.json({ data: rows.map(topicBody) }, 200);
  });
  app.openapi(read, async (c) => {
    const { topicId } = c.req.valid('param');
    const topic = await topicAt(db, { merchantId: c.var.merchant.id, topicId });
    return c.json(topicBody(topic), 200);
  });
}
