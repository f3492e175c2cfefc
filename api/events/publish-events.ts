import { createRoute, z } from '@hono/zod-openapi';
import { isSliceUsed, nextSlice } from '../../db/work-in-slices.ts';
import { gatherPublications } from '../../delivery/publish/publish-batcher.ts';
import type { EventToPublish } from '../../db/queries/publish-events.ts';
import type { ApiDeps, App } from '../deps.ts';
import { checkKey } from '../idempotency.ts';
import { readIncomingEvents } from './incoming-events.ts';
import type { IncomingEvents } from './incoming-events.ts';
import { newEventSchema, publishedSchema } from './event-schema.ts';
import { createCheckEvents } from '../event-types/check-events.ts';
import { createKnownTypes } from '../event-types/known-types.ts';
import { prepareEvent } from './prepare-event.ts';
import type { Problem } from '../problems.ts';
import type { FieldError } from '../problems.ts';
import { publishChecked } from './publish-checked.ts';
import { refuseFields } from '../refuse-fields.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';
import { maxEvents } from '../worker-threads/cut-events.ts';

const published = z.object({ data: z.array(publishedSchema) });
const other = {
  schema: z.string().openapi({ description: 'See `docs/reference/formats.md`' }),
};

const route = createRoute({
  method: 'post',
  path: '/v1/events',
  operationId: 'publishEvents',
  tags: ['Events'],
  summary: 'Publish events of your own',
  description:
    'One event, or up to 1,000 as `{ "events": […] }`, all or none, at most 4 MiB. Endpoints and readers of the feed get them in the order of the request. An event with an `id` is published once, however often it is sent; without an `id`, an `Idempotency-Key` does the same for the whole request. Events of a registered type must match its schema.',
  security: [{ apiKey: [] }],
  request: {
    headers: z.object({
      'idempotency-key': z
        .string()
        .optional()
        .openapi({ description: 'The same key and events get the same response' }),
    }),
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.union([
            newEventSchema,
            z.object({ events: z.array(newEventSchema).min(1).max(maxEvents) }),
          ]),
        },
        'application/xml': other,
        'application/x-www-form-urlencoded': other,
        'application/cloudevents+json': other,
        'application/cloudevents-batch+json': other,
      },
    },
  },
  responses: {
    200: {
      description: 'All of them were published before',
      content: { 'application/json': { schema: published } },
    },
    201: {
      description: 'Published, in the order of the request',
      content: { 'application/json': { schema: published } },
    },
    ...problemResponses(
      ...bodyProblems,
      'idempotency-key-reused',
      'event-id-reused',
      'event-refused-by-type',
      'too-many-requests',
    ),
  },
});

/** Registered without the router's body parser, which reads only JSON and smaller bodies. */
export function registerPublishEvents(app: App, deps: ApiDeps) {
  const types = createKnownTypes(deps);
  const publish = gatherPublications(deps.db);
  const checkEvents = createCheckEvents(deps.threads);
  app.openAPIRegistry.registerPath(route);
  app.post('/v1/events', async (c) => {
    const key = c.req.header('idempotency-key');
    const requestKey = key === undefined ? undefined : checkKey(key);
    const incoming = await readIncomingEvents(c, deps.threads);
    const events = await prepareAll(incoming, { at: new Date(), requestKey });
    const result = await publishChecked({ db: deps.db, publish, checkEvents }, types, {
      incoming,
      events,
      merchant: c.var.merchant,
      keyPastEnd: requestKey === undefined ? null : keyAt(requestKey, events.length),
    });
    if (result.kind === 'keyReused') throw keyReused(incoming, events, result.index);
    const data = result.events.map(({ event, isNew }, index) => ({
      id: event.id,
      type: events[index]!.type,
      resourceId: event.resourceId,
      isNew,
    }));
    return c.json({ data }, data.some(({ isNew }) => isNew) ? 201 : 200);
  });
}

// The separator occurs in no event id, so keys of requests and of events never collide.
const keyAt = (requestKey: string, index: number) => `${requestKey}\u001f${index}`;

/** Yields to other requests in between. */
async function prepareAll(
  { events, pointerTo }: IncomingEvents,
  { at, requestKey }: { at: Date; requestKey: string | undefined },
): Promise<EventToPublish[]> {
  const errors: FieldError[] = [];
  const refuse = (index: number, pointer: string, message: string) =>
    void errors.push({ in: 'body', field: pointerTo(index) + pointer, message });
  const ids = new Set<string>();
  const prepared: EventToPublish[] = [];
  for (const [index, incomingEvent] of events.entries()) {
    if (isSliceUsed()) await nextSlice();
    const key = requestKey === undefined ? undefined : keyAt(requestKey, index);
    const result = prepareEvent(incomingEvent, { at, requestKey: key });
    if (result.kind === 'refused')
      refuse(index, `/data${result.problem.path}`, result.problem.message);
    else prepared.push(result.event);
    if (incomingEvent.id === undefined) continue;
    if (ids.has(incomingEvent.id))
      refuse(index, '/id', 'is the id of an earlier event of this request');
    ids.add(incomingEvent.id);
  }
  if (errors.length > 0) throw refuseFields(errors);
  return prepared;
}

function keyReused(
  { pointerTo }: IncomingEvents,
  events: readonly EventToPublish[],
  index: number | undefined,
): Problem {
  const message = 'was used with other content';
  const event = index === undefined ? undefined : events[index];
  if (index !== undefined && event?.isKeyOfRequest === false) {
    return refuseFields(
      [{ in: 'body', field: `${pointerTo(index)}/id`, message }],
      'event-id-reused',
    );
  }
  const place =
    index === undefined ? 'for a longer request' : `at ${pointerTo(index) || 'the event'}`;
  return refuseFields(
    [{ in: 'header', field: 'idempotency-key', message: `${message}, ${place}` }],
    'idempotency-key-reused',
  );
}
