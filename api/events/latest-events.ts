import { createHash } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { latestEvents, latestRoom } from '../../db/queries/latest-events.ts';
import type { ApiDeps, App } from '../deps.ts';
import { feedEventSchema } from './event-envelopes.ts';
import { eventsPage } from './events-page.ts';
import { refuseFields } from '../refuse-fields.ts';
import { resourcesQuery, typesQuery } from './feed-query.ts';
import { cursorSchema, etagHeader, problemResponses } from '../schemas.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/events/latest',
  operationId: 'listLatestEvents',
  tags: ['Events'],
  summary: 'The newest event of each resource and type',
  description:
    'The current state without reading the feed from its start: the last event of each type for each requested resource. Continue with `GET /v1/events?after=<cursor>`. Send `If-None-Match` with the `ETag` to get 304 while nothing is new.',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      resourceIds: resourcesQuery.openapi({ type: 'string', example: 'cart-77,cart-78' }),
      types: typesQuery,
    }),
    headers: z.object({
      'if-none-match': z
        .string()
        .optional()
        .openapi({ description: 'The ETag of your last response' }),
    }),
  },
  responses: {
    200: {
      description: 'The newest events',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(feedEventSchema),
            cursor: cursorSchema.openapi({ description: 'The feed position of the newest event' }),
          }),
        },
      },
      headers: etagHeader,
    },
    304: { description: 'Nothing is new', headers: etagHeader },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerLatestEvents(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { resourceIds, types = ['*'] } = c.req.valid('query');
    const events = await latestEvents(deps.db, {
      merchantId: c.var.merchant.id,
      resourceIds,
      patterns: types,
    });
    if (!events) {
      const { events: count, bytes } = latestRoom;
      const message = `must be fewer, or of fewer types: the result has more than ${count} newest events or ${bytes} bytes`;
      throw refuseFields([{ in: 'query', field: 'resourceIds', message }]);
    }
    const positions = events.map(({ position }) => position);
    const etag = `"${createHash('sha256').update(positions.join()).digest('base64url')}"`;
    c.header('etag', etag);
    // Weak comparison (RFC 9110, 13.1.2) with each tag of the list.
    const known = c.req.valid('header')['if-none-match']?.split(',') ?? [];
    if (known.some((tag) => tag.trim().replace(/^W\//, '') === etag)) return c.body(null, 304);
    const cursorAt = await deps.cursors.writer(c.var.merchant.shard);
    return eventsPage(c, { events, rest: { cursor: cursorAt(Math.max(0, ...positions)) } });
  });
}
