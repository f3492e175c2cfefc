import { createRoute } from '@hono/zod-openapi';
import { findEventType, insertEventType, mostEventTypes } from '../../db/queries/event-types.ts';
import type { EventTypeDefinition } from '../../db/queries/event-types.ts';
import { canonicalJson } from '../../domain/json-value.ts';
import type { ApiDeps, App } from '../deps.ts';
import { eventTypeSchema, newEventTypeSchema } from '../event-schema.ts';
import { eventTypeBody } from '../event-type-body.ts';
import { refuseSchema } from '../event-types/refuse-schema.ts';
import { Problem } from '../problems.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';

const content = { 'application/json': { schema: eventTypeSchema } };

const route = createRoute({
  method: 'post',
  path: '/v1/event-types',
  tags: ['Events'],
  summary: 'Register an event type of your own',
  description:
    'What is published under it from now on must fit the schema. A type that is not registered can be published too, with any data.',
  security: [{ apiKey: [] }],
  request: {
    body: { required: true, content: { 'application/json': { schema: newEventTypeSchema } } },
  },
  responses: {
    200: { description: 'The same type was registered before', content },
    201: { description: 'The type', content },
    ...problemResponses(...bodyProblems, 'event-type-taken', 'limit-reached'),
  },
});

export function registerCreateEventType(app: App, { db }: ApiDeps) {
  app.openapi(route, async (c) => {
    const wanted = c.req.valid('json');
    const merchantId = c.var.merchant.id;
    const refusal = refuseSchema(wanted.schema);
    if (refusal) throw refusal;
    const made = await insertEventType(db, { merchantId, ...wanted });
    if (made) return c.json(eventTypeBody(made), 201);
    const known = await findEventType(db, { merchantId, name: wanted.name });
    if (!known) throw new Problem('limit-reached', `There are ${mostEventTypes} types already.`);
    if (contentOf(known) !== contentOf({ ...wanted, archivedAt: null })) {
      throw new Problem('event-type-taken', `${wanted.name} is registered otherwise.`);
    }
    return c.json(eventTypeBody(known), 200);
  });
}

type Content = Pick<EventTypeDefinition, 'description' | 'schema' | 'archivedAt'>;

function contentOf({ description, schema, archivedAt }: Content): string {
  return canonicalJson({ description, schema, isArchived: archivedAt !== null });
}
