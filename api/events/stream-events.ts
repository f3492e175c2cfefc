import { createRoute, z } from '@hono/zod-openapi';
import { endOfFeed } from '../../db/queries/end-of-feed.ts';
import type { MerchantId } from '../../domain/ids.ts';
import type { ApiDeps, App } from '../deps.ts';
import { feedQuery, feedWanted } from './feed-query.ts';
import { createFeedStream, heartbeatMs } from './feed-stream.ts';
import { Problem } from '../problems.ts';
import { createFeedReader } from './read-feed.ts';
import { cursorSchema, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/events/stream',
  operationId: 'streamEvents',
  tags: ['Events'],
  summary: 'Follow the feed of events',
  description:
    'Server-Sent Events: `id` is the cursor, `event` the type, `data` the event as `GET /v1/events` gives it. Starts after `Last-Event-ID`, which an EventSource sends by itself when it connects again, else after `after`, else with what comes next. A comment every 15 s shows that the stream lives. At most 100 streams a merchant at each API process, unless its operator has set another limit.',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({ after: cursorSchema.optional(), ...feedQuery }),
    headers: z.object({ 'last-event-id': cursorSchema.optional() }),
  },
  responses: {
    200: {
      description: 'The stream; it ends only when one of the two sides leaves',
      content: {
        'text/event-stream': {
          schema: z
            .string()
            .openapi({ example: 'id: 42\nevent: order.paid\ndata: {"id":"evt_…"}\n\n' }),
        },
      },
    },
    ...problemResponses(
      'invalid-request',
      'unauthorized',
      'cursor-not-in-feed',
      'too-many-streams',
    ),
  },
});

export function registerStreamEvents(app: App, deps: ApiDeps) {
  const { db, feed, cursors, keys, logger, stopping } = deps;
  const { streamsPerMerchant: mostStreams } = deps.limits;
  const open = new Map<MerchantId, number>();
  const count = (merchantId: MerchantId, by: 1 | -1) => {
    const now = (open.get(merchantId) ?? 0) + by;
    if (now === 0) open.delete(merchantId);
    else open.set(merchantId, now);
  };

  app.openapi(route, async (c) => {
    // Nobody would ever read, or end, the stream of a HEAD.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
    const { after, ...query } = c.req.valid('query');
    const { merchant, apiKey } = c.var;
    const merchantId = merchant.id;
    if ((open.get(merchantId) ?? 0) >= mostStreams) {
      throw new Problem('too-many-streams', `${mostStreams} streams are open here already.`, {
        headers: { 'retry-after': '10' },
      });
    }
    // Counted before anything is waited for, so that no two take the last place.
    count(merchantId, 1);
    try {
      const from = c.req.valid('header')['last-event-id'] ?? after;
      const cursorAt = await cursors.writer(merchant.shard);
      const stream = createFeedStream({
        db,
        feed,
        logger,
        merchant,
        stopping,
        readFeed: createFeedReader(feedWanted(query)),
        after:
          from === undefined
            ? await endOfFeed(db, { merchantId })
            : await cursors.read(merchant.shard, from),
        cursorAt,
        watchKey: (onEnd) => keys.watch(apiKey, onEnd),
        heartbeatMs,
        onEnd: () => count(merchantId, -1),
      });
      return c.body(stream, 200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        // A proxy that collects what it passes on would hold events back (nginx).
        'x-accel-buffering': 'no',
      });
    } catch (error) {
      count(merchantId, -1);
      throw error;
    }
  });
}
