import { createRoute, z } from '@hono/zod-openapi';
import type { ApiDeps, App } from '../deps.ts';
import { feedEventSchema } from './event-envelopes.ts';
import { eventsPage } from './events-page.ts';
import { feedQuery, feedWanted } from './feed-query.ts';
import { createFeedReader } from './read-feed.ts';
import { cursorSchema, limitSchema, problemResponses, waitQuery } from '../schemas.ts';
import { waitFor } from '../wait-for.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  tags: ['Events'],
  summary: 'Read the feed of events after a cursor',
  description:
    'The same events as endpoints get, with the same ids and in the same order. Store `nextCursor` and send it with the next request: no event is skipped or repeated. With `wait`, an empty feed responds as soon as an event arrives. A page may be empty although `hasMore` is true: no event up to `nextCursor` matched.',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      after: cursorSchema
        .default('0')
        .openapi({ description: '`nextCursor` of the previous response' }),
      ...feedQuery,
      wait: waitQuery.openapi({ description: 'Seconds to wait for the first event' }),
      limit: limitSchema,
    }),
  },
  responses: {
    200: {
      description: 'Events after the cursor, oldest first',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(feedEventSchema),
            nextCursor: cursorSchema,
            hasMore: z.boolean(),
          }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized', 'cursor-not-in-feed'),
  },
});

export function registerListEvents(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { after, wait, limit, ...query } = c.req.valid('query');
    const { merchant } = c.var;
    const readFeed = createFeedReader(feedWanted(query));
    let from = await deps.cursors.read(merchant.shard, after);
    const page = await waitFor({
      subscribe: (onChange) => deps.feed.subscribe(merchant, onChange),
      timeoutMs: wait * 1_000,
      caller: c.var.endOfWait(),
      read: async () => {
        const found = await readFeed(deps.db, { merchantId: merchant.id, after: from, limit });
        from = found.through;
        return found;
      },
      isEnough: ({ events, hasMore }) => events.length > 0 || hasMore,
    });
    const { events, through, hasMore } = page;
    const cursorAt = await deps.cursors.writer(merchant.shard);
    return eventsPage(c, { events, rest: { nextCursor: cursorAt(through), hasMore } });
  });
}
