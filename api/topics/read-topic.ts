import { createRoute, z } from '@hono/zod-openapi';
import {
  lastOfTopic,
  latestInTopic,
  listTopicMessages,
} from '../../db/queries/messaging/list-topic-messages.ts';
import { markSeen } from '../../db/queries/messaging/topic-members.ts';
import { findTopic } from '../../db/queries/messaging/topics.ts';
import type { ApiDeps, App } from '../deps.ts';
import { notFound } from '../problems.ts';
import { cursorSchema, limitSchema, problemResponses, waitQuery } from '../schemas.ts';
import { waitFor } from '../wait-for.ts';
import { messagingRoute, topicId } from '../messages/messaging-schemas.ts';
import { topicAt } from './topic-at.ts';
import { topicKey, topicMessageBody, topicMessageSchema } from './topic-body.ts';

const history = createRoute({
  method: 'get',
  path: '/v1/topics/{topicId}/messages',
  operationId: 'listTopicMessages',
  ...messagingRoute,
  summary: "Read a topic's messages after a cursor",
  description:
    'All messages from the beginning, also from before you became a member. With `wait`, an empty page waits for the next message.',
  request: {
    params: z.object({ topicId }),
    query: z.strictObject({
      after: cursorSchema
        .default('0')
        .openapi({ description: '`nextCursor`: the `seq` of the last message, as text' }),
      wait: waitQuery,
      limit: limitSchema,
    }),
  },
  responses: {
    200: {
      description: 'Messages after the cursor, oldest first',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(topicMessageSchema),
            nextCursor: cursorSchema,
            hasMore: z.boolean(),
          }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found', 'cursor-not-in-feed'),
  },
});

const latest = createRoute({
  method: 'get',
  path: '/v1/topics/{topicId}/latest',
  operationId: 'listLatestTopicMessages',
  ...messagingRoute,
  summary: 'Read the newest message under a key',
  request: { params: z.object({ topicId }), query: z.strictObject({ key: topicKey }) },
  responses: {
    200: {
      description: 'The newest message',
      content: { 'application/json': { schema: topicMessageSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerReadTopic(app: App, { db, changes, cursors }: ApiDeps) {
  app.openapi(history, async (c) => {
    const { topicId } = c.req.valid('param');
    const { after, wait, limit } = c.req.valid('query');
    const merchantId = c.var.merchant.id;
    // Checked first, so that a merchant without access learns nothing about its positions.
    if (!(await findTopic(db, { merchantId, topicId }))) throw notFound('topic', topicId);
    const { shard } = c.var.merchant;
    const from = await cursors.read(shard, after, {
      end: () => lastOfTopic(db, { topicId }),
      endAt: (before) => lastOfTopic(db, { topicId, before }),
    });
    await markSeen(db, { merchantId, topicId });
    const page = await waitFor({
      subscribe: (onChange) => changes.subscribe('tender_messaging', topicId, onChange),
      timeoutMs: wait * 1_000,
      caller: c.var.endOfWait(),
      // Checked at every read, because the member may be removed during the wait.
      read: async () =>
        (await findTopic(db, { merchantId, topicId })) &&
        listTopicMessages(db, { topicId, after: from, limit }),
      isEnough: (found) => found === undefined || found.messages.length > 0,
    });
    if (!page) throw notFound('topic', topicId);
    const { messages, hasMore } = page;
    const nextCursor = (await cursors.writer(shard, 'other'))(messages.at(-1)?.seq ?? from);
    return c.json({ data: messages.map(topicMessageBody), nextCursor, hasMore }, 200);
  });
  app.openapi(latest, async (c) => {
    const { topicId } = c.req.valid('param');
    const { key } = c.req.valid('query');
    await topicAt(db, { merchantId: c.var.merchant.id, topicId });
    const message = await latestInTopic(db, { topicId, key });
    if (!message) throw notFound('message under the key', key);
    return c.json(topicMessageBody(message), 200);
  });
}
