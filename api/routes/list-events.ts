import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { eventPattern } from '../../domain/events.ts';
import { listEvents } from '../../db/queries/list-events.ts';
import type { ApiDeps, App, AppEnv } from '../deps.ts';
import { cursorSchema, eventSchema, limitSchema, problemResponses } from '../schemas.ts';
import { waitFor } from '../wait-for.ts';

const route = createRoute({
  method: 'get',
  path: '/v1/events',
  tags: ['Events'],
  summary: 'Read the feed of events after a cursor',
  description:
    'The same events, with the same ids and in the same order, as are sent to endpoints. Keep `nextCursor` and ask with it again: nothing is skipped and nothing comes twice. With `wait` an empty feed answers as soon as there is something.',
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      after: cursorSchema
        .default('0')
        .openapi({ description: '`nextCursor` of the answer before' }),
      types: z
        .string()
        .max(1_000)
        .transform((text) => text.split(','))
        .pipe(
          z.array(z.string().regex(eventPattern, 'must be types like order.paid,order.*')).max(50),
        )
        .optional()
        .openapi({ type: 'string', example: 'order.paid,order.closed' }),
      wait: z.coerce
        .number()
        .int()
        .min(0)
        .max(60)
        .default(0)
        .openapi({ description: 'Seconds to wait for the first event' }),
      limit: limitSchema,
    }),
  },
  responses: {
    200: {
      description: 'Events after the cursor, oldest first',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(eventSchema),
            nextCursor: cursorSchema,
            hasMore: z.boolean(),
          }),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

export function registerListEvents(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { after, types, wait, limit } = c.req.valid('query');
    const { merchant } = c.var;
    const found = await waitFor({
      changes: deps.changes,
      channel: 'tender_feed',
      key: String(merchant.shard),
      timeoutMs: wait * 1_000,
      caller: c.req.raw.signal,
      read: () =>
        listEvents(deps.db, {
          merchantId: merchant.id,
          after: Number(after),
          patterns: types ?? ['*'],
          limit: limit + 1,
        }),
      isEnough: (events) => events.length > 0,
    });
    const page = found.slice(0, limit);
    const nextCursor = String(page.at(-1)?.position ?? after);
    return asPage(c, {
      bodies: page.map(({ body }) => body),
      nextCursor,
      hasMore: found.length > limit,
    });
  });
}

/** Events are stored as the bytes that are sent: they are put into the page as they are. */
function asPage(
  c: Context<AppEnv>,
  { bodies, nextCursor, hasMore }: { bodies: string[]; nextCursor: string; hasMore: boolean },
) {
  const rest = JSON.stringify({ nextCursor, hasMore }).slice(1);
  const page = `{"data":[${bodies.join(',')}],${rest}`;
  return c.body(page, 200, { 'content-type': 'application/json' }) as never;
}
