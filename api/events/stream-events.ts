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
    'Server-Sent Events: `id` is the cursor, `event` the type, `data` the event as `GET /v1/events` gives it. Starts after `Last-Event-ID`, which an EventSource sends when it reconnects, else after `after`, else with the next event. A comment every 15 s is the heartbeat. Each API process allows 100 streams per merchant unless its operator sets another limit.',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({ after: cursorSchema.optional(), ...feedQuery }),
    headers: z.object({ 'last-event-id': cursorSchema.optional() }),
  },
  responses: {
    200: {
      description: 'The stream; it ends when the client or the server closes it',
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
  const { streamsPerMerchant: maxStreams } = deps.limits;
  const open = new Map<MerchantId, number>();
  const count = (merchantId: MerchantId, by: 1 | -1) => {
    const now = (open.get(merchantId) ?? 0) + by;
    if (now === 0) open.delete(merchantId);
    else open.set(merchantId, now);
  };

  app.openapi(route, async (c) => {
    // The stream of a HEAD request would never be read or ended.
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'content-type': 'text/event-stream' });
    const { after, ...query } = c.req.valid('query');
    const { merchant, apiKey } = c.var;
    const merchantId = merchant.id;
    if ((open.get(merchantId) ?? 0) >= maxStreams) {
      throw new Problem(
        'too-many-streams',
        `At most ${maxStreams} streams of a merchant may be open at this process.`,
        {
          headers: { 'retry-after': '10' },
        },
      );
    }
    // Counted before the first await, so that no two streams take the last place.
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
        // Turns off response buffering in nginx, which would delay events.
        'x-accel-buffering': 'no',
      });
    } catch (error) {
      count(merchantId, -1);
      throw error;
    }
  });
}
