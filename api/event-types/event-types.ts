import { createRoute, z } from '@hono/zod-openapi';
import { findEventType, listEventTypes, updateEventType } from '../../db/queries/event-types.ts';
import type { ApiDeps, App } from '../deps.ts';
import { eventTypePatchSchema, eventTypeSchema } from '../events/event-schema.ts';
import { eventTypeBody, platformTypes } from './event-type-body.ts';
import { refuseSchema } from './refuse-schema.ts';
import { patternSchema } from '../events/feed-query.ts';
import { cutPage, pageOf, pageQuery } from '../page.ts';
import { notFound } from '../problems.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';

const name = patternSchema.max(128).openapi({ example: 'cart.abandoned' });
const content = { 'application/json': { schema: eventTypeSchema } };

const getRoute = createRoute({
  method: 'get',
  path: '/v1/event-types/{name}',
  operationId: 'getEventType',
  tags: ['Events'],
  summary: 'Read an event type',
  security: [{ apiKey: [] }],
  request: { params: z.object({ name }) },
  responses: {
    200: { description: 'The type', content },
    ...problemResponses('invalid-request', 'unauthorized', 'not-found'),
  },
});

const listRoute = createRoute({
  method: 'get',
  path: '/v1/event-types',
  operationId: 'listEventTypes',
  tags: ['Events'],
  summary: "List event types: Tender's and yours",
  security: [{ apiKey: [] }],
  request: {
    query: z.strictObject({
      ...pageQuery(name),
    }),
  },
  responses: {
    200: {
      description: 'One page',
      content: {
        'application/json': {
          schema: pageOf(eventTypeSchema),
        },
      },
    },
    ...problemResponses('invalid-request', 'unauthorized'),
  },
});

const updateRoute = createRoute({
  method: 'patch',
  path: '/v1/event-types/{name}',
  operationId: 'updateEventType',
  tags: ['Events'],
  summary: 'Change or archive an event type of your own',
  description:
    'Published events stay unchanged; the change applies to the next one. A type can be archived but not deleted, so that its published events stay described.',
  security: [{ apiKey: [] }],
  request: {
    params: z.object({ name }),
    body: { required: true, content: { 'application/json': { schema: eventTypePatchSchema } } },
  },
  responses: {
    200: { description: 'The type as it is now', content },
    ...problemResponses(...bodyProblems, 'not-found', 'too-many-requests'),
  },
});

export function registerEventTypes(app: App, { db, threads }: ApiDeps) {
  app.openapi(getRoute, async (c) => {
    const { name } = c.req.valid('param');
    const own = await findEventType(db, { merchantId: c.var.merchant.id, name });
    const found = own ? eventTypeBody(own) : platformTypes.find((type) => type.name === name);
    if (!found) throw notFound('event type', name);
    return c.json(found, 200);
  });
  app.openapi(listRoute, async (c) => {
    const { cursor = '', limit } = c.req.valid('query');
    const merchantId = c.var.merchant.id;
    const own = await listEventTypes(db, { merchantId, after: cursor, limit: limit + 1 });
    const all = [...platformTypes.filter((type) => type.name > cursor), ...own.map(eventTypeBody)];
    const sorted = all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const { page, nextCursor } = cutPage(sorted, { limit, cursorOf: ({ name }) => name });
    return c.json({ data: page, nextCursor }, 200);
  });
  app.openapi(updateRoute, async (c) => {
    const { name } = c.req.valid('param');
    const { description, schema, archived: isArchived } = c.req.valid('json');
    const merchantId = c.var.merchant.id;
    // Checked first, because compiling is expensive.
    const known = schema && (await findEventType(db, { merchantId, name }));
    if (schema && !known) throw notFound('event type', name);
    const refusal = schema && (await refuseSchema(threads, { merchantId, schema }));
    if (refusal) throw refusal;
    const change = { description, schema, isArchived };
    const updated = await updateEventType(db, { merchantId, name, ...change });
    if (!updated) throw notFound('event type', name);
    return c.json(eventTypeBody(updated), 200);
  });
}
