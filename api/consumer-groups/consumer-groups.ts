import { createRoute, z } from '@hono/zod-openapi';
import {
  deleteConsumerGroup,
  findConsumerGroup,
  listConsumerGroups,
} from '../../db/queries/consumer-groups.ts';
import { consumerGroupBody } from './consumer-group-body.ts';
import type { ApiDeps, App } from '../deps.ts';
import { consumerGroupSchema, groupName } from '../events/event-schema.ts';
import { cutPage, pageOf, pageQuery } from '../page.ts';
import { notFound } from '../problems.ts';
import { problemResponses } from '../schemas.ts';

const params = z.object({ name: groupName });

const getRoute = createRoute({
  method: 'get',
  path: '/v1/consumer-groups/{name}',
  operationId: 'getConsumerGroup',
  tags: ['Events'],
  summary: 'Read a consumer group',
  security: [{ apiKey: [] }],
  request: { params },
  responses: {
    200: {
      description: 'The group',
      content: { 'application/json': { schema: consumerGroupSchema } },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/consumer-groups',
  operationId: 'listConsumerGroups',
  tags: ['Events'],
  summary: 'List consumer groups by name',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      ...pageQuery(groupName),
    }),
  },
  responses: {
    200: {
      description: 'One page',
      content: {
        'application/json': {
          schema: pageOf(consumerGroupSchema),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

const deleteRoute = createRoute({
  method: 'delete',
  path: '/v1/consumer-groups/{name}',
  operationId: 'deleteConsumerGroup',
  tags: ['Events'],
  summary: 'Delete a consumer group and its position in the feed',
  security: [{ apiKey: [] }],
  request: { params },
  responses: {
    204: { description: 'Deleted; the events stay' },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

export function registerConsumerGroups(app: App, { db, cursors }: ApiDeps) {
  app.openapi(getRoute, async (c) => {
    const { name } = c.req.valid('param');
    const group = await findConsumerGroup(db, { merchantId: c.var.merchant.id, name });
    if (!group) throw notFound('consumer group', name);
    const cursorAt = await cursors.writer(c.var.merchant.shard);
    return c.json(consumerGroupBody(group, cursorAt), 200);
  });
  app.openapi(listRoute, async (c) => {
    const { cursor = '', limit } = c.req.valid('query');
    const merchantId = c.var.merchant.id;
    const found = await listConsumerGroups(db, { merchantId, after: cursor, limit: limit + 1 });
    const { page, nextCursor } = cutPage(found, { limit, cursorOf: ({ name }) => name });
    const cursorAt = await cursors.writer(c.var.merchant.shard);
    const data = page.map((group) => consumerGroupBody(group, cursorAt));
    return c.json({ data, nextCursor }, 200);
  });
  app.openapi(deleteRoute, async (c) => {
    const { name } = c.req.valid('param');
    const isDeleted = await deleteConsumerGroup(db, { merchantId: c.var.merchant.id, name });
    if (!isDeleted) throw notFound('consumer group', name);
    return c.body(null, 204);
  });
}
