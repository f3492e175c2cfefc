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
    'Events of this type must match the schema from now on. Events of unregistered types can have any data.',
  security: [{ apiKey: [] }],
  request: {
    body: { required: true, content: { 'application/json': { schema: newEventTypeSchema } } },
  },
  responses: {
    200: { description: 'The same type is registered already', content },
    201: { description: 'The type', content },
    ...problemResponses(...bodyProblems, 'event-type-taken', 'limit-reached', 'too-many-requests'),
  },
});

export function registerCreateEventType(app: App, { db, threads }: ApiDeps) {
  app.openapi(route, async (c) => {
    const requested = c.req.valid('json');
    const merchantId = c.var.merchant.id;
    const key = { merchantId, name: requested.name };
    // Checked first, because compiling is expensive.
    const before = await findEventType(db, key);
    if (before) return c.json(eventTypeBody(unlessTaken(before, requested)), 200);
    const { schema } = requested;
    const refusal = schema && (await refuseSchema(threads, { merchantId, schema }));
    if (refusal) throw refusal;
    const created = await insertEventType(db, { merchantId, ...requested });
    if (created) return c.json(eventTypeBody(created), 201);
    const known = await findEventType(db, key);
    if (!known)
      throw new Problem('limit-reached', `A merchant has at most ${mostEventTypes} event types.`);
    return c.json(eventTypeBody(unlessTaken(known, requested)), 200);
  });
}

/** The registered type if it equals the requested one; otherwise throws. */
function unlessTaken(
  known: EventTypeDefinition,
  requested: Omit<Content, 'archivedAt'>,
): EventTypeDefinition {
  if (contentOf(known) === contentOf({ ...requested, archivedAt: null })) return known;
  throw new Problem('event-type-taken', `${known.name} is registered with other content.`);
}

type Content = Pick<EventTypeDefinition, 'description' | 'schema' | 'archivedAt'>;

function contentOf({ description, schema, archivedAt }: Content): string {
  return canonicalJson({ description, schema, isArchived: archivedAt !== null });
}
