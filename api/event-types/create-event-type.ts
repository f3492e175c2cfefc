import { createRoute } from '@hono/zod-openapi';
import { findEventType, insertEventType, mostEventTypes } from '../../db/queries/event-types.ts';
import type { EventTypeDefinition } from '../../db/queries/event-types.ts';
import { canonicalJson } from '../../domain/json-value.ts';
import type { ApiDeps, App } from '../deps.ts';
import { eventTypeSchema, newEventTypeSchema } from '../events/event-schema.ts';
import { eventTypeBody } from './event-type-body.ts';
import { refuseSchema } from './refuse-schema.ts';
import { Problem } from '../problems.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';

const content = { 'application/json': { schema: eventTypeSchema } };

const route = createRoute({
  method: 'post',
  path: '/v1/event-types',
  operationId: 'createEventType',
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
    ...problemResponses(...bodyProblems, 'event-type-taken', 'limit-reached', 'too-many-requests'),
  },
});

export function registerCreateEventType(app: App, { db, threads }: ApiDeps) {
  app.openapi(route, async (c) => {
    const wanted = c.req.valid('json');
    const merchantId = c.var.merchant.id;
    const key = { merchantId, name: wanted.name };
    // Compiling is what costs: a name that is taken needs none.
    const before = await findEventType(db, key);
    if (before) return c.json(eventTypeBody(unlessTaken(before, wanted)), 200);
    const { schema } = wanted;
    const refusal = schema && (await refuseSchema(threads, { merchantId, schema }));
    if (refusal) throw refusal;
    const made = await insertEventType(db, { merchantId, ...wanted });
    if (made) return c.json(eventTypeBody(made), 201);
    const known = await findEventType(db, key);
    if (!known) throw new Problem('limit-reached', `There are ${mostEventTypes} types already.`);
    return c.json(eventTypeBody(unlessTaken(known, wanted)), 200);
  });
}

/** What is registered, where it is what is wanted. */
function unlessTaken(
  known: EventTypeDefinition,
  wanted: Omit<Content, 'archivedAt'>,
): EventTypeDefinition {
  if (contentOf(known) === contentOf({ ...wanted, archivedAt: null })) return known;
  throw new Problem('event-type-taken', `${known.name} is registered otherwise.`);
}

type Content = Pick<EventTypeDefinition, 'description' | 'schema' | 'archivedAt'>;

function contentOf({ description, schema, archivedAt }: Content): string {
  return canonicalJson({ description, schema, isArchived: archivedAt !== null });
}
