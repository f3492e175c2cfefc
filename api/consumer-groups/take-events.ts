import { createRoute, z } from '@hono/zod-openapi';
import type { ApiDeps, App } from '../deps.ts';
import { feedEventSchema } from '../events/event-envelopes.ts';
import { groupName } from '../events/event-schema.ts';
import { eventsPage } from '../events/events-page.ts';
import { notFound } from '../problems.ts';
import { bodyProblems, cursorSchema, problemResponses } from '../schemas.ts';
import { takeBatch } from './take-batch.ts';

const takeSchema = z
  .strictObject({
    limit: z.int().min(1).max(100).default(20),
    wait: z
      .int()
      .min(0)
      .max(60)
      .default(0)
      .openapi({ description: 'Seconds to wait for events, or for the end of the current lease' }),
    leaseSeconds: z.int().min(1).max(3_600).default(30).openapi({
      description:
        'How long the batch is yours; if it is not acknowledged by then, the next caller gets it',
    }),
  })
  .openapi('TakeEvents');

const route = createRoute({
  method: 'post',
  path: '/v1/consumer-groups/{name}/take',
  operationId: 'takeEvents',
  tags: ['Events'],
  summary: 'Take the next events of a consumer group',
  description:
    'Events come in the order of the feed, one batch at a time: while a batch is leased, other members wait. Acknowledge it with its `leaseToken` and `cursor` once you have stored its events.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ name: groupName }),
    body: { required: true, content: { 'application/json': { schema: takeSchema } } },
  },
  responses: {
    200: {
      description: 'The batch; `leaseToken` is null if it is empty',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(feedEventSchema),
            leaseToken: z.string().nullable(),
            cursor: cursorSchema.openapi({ description: 'The cursor to acknowledge' }),
          }),
        },
      },
    },
    ...problemResponses(...bodyProblems, 'not-found'),
  },
});

export function registerTakeEvents(app: App, { db, changes, feed, cursors }: ApiDeps) {
  app.openapi(route, async (c) => {
    const { name } = c.req.valid('param');
    const { limit, wait, leaseSeconds } = c.req.valid('json');
    const found = await takeBatch({
      db,
      changes,
      feed,
      name,
      limit,
      leaseSeconds,
      merchant: c.var.merchant,
      waitMs: wait * 1_000,
      caller: c.var.endOfWait(),
    });
    const cursorAt = await cursors.writer(c.var.merchant.shard);
    switch (found.kind) {
      case 'noGroup':
        throw notFound('consumer group', name);
      case 'taken': {
        const { events, leaseToken, through } = found;
        return eventsPage(c, { events, rest: { leaseToken, cursor: cursorAt(through) } });
      }
      case 'leased':
      case 'empty':
        return eventsPage(c, {
          events: [],
          rest: { leaseToken: null, cursor: cursorAt(found.position) },
        });
    }
  });
}
