import { createRoute, z } from '@hono/zod-openapi';
import {
  findConsumerGroup,
  insertConsumerGroup,
  mostGroups,
} from '../../db/queries/consumer-groups.ts';
import type { ConsumerGroup } from '../../db/queries/consumer-groups.ts';
import { endOfFeed } from '../../db/queries/end-of-feed.ts';
import { canonicalJson } from '../../domain/json-value.ts';
import { consumerGroupBody } from './consumer-group-body.ts';
import type { ApiDeps, App } from '../deps.ts';
import { consumerGroupSchema, filterSchema, groupName } from '../events/event-schema.ts';
import { patternSchema } from '../events/feed-query.ts';
import { Problem } from '../problems.ts';
import { bodyProblems, cursorSchema, problemResponses } from '../schemas.ts';

const content = { 'application/json': { schema: consumerGroupSchema } };

const newConsumerGroupSchema = z
  .strictObject({
    name: groupName,
    eventTypes: z.array(patternSchema).min(1).max(50).default(['*']),
    filter: filterSchema.nullable().default(null),
    from: z.enum(['start', 'end']).or(cursorSchema).default('start').openapi({
      description:
        'Where it starts: with the oldest event, with the next new event, or after a cursor',
    }),
  })
  .openapi('NewConsumerGroup');

const route = createRoute({
  method: 'post',
  path: '/v1/consumer-groups',
  operationId: 'createConsumerGroup',
  tags: ['Events'],
  summary: 'Create a consumer group',
  description:
    'The members of a group share the events of the feed and one position. Creating the same group again returns the existing group at its current position.',
  security: [{ apiKey: [] }],
  request: {
    body: { required: true, content: { 'application/json': { schema: newConsumerGroupSchema } } },
  },
  responses: {
    200: { description: 'The same group exists already', content },
    201: { description: 'The group', content },
    ...problemResponses(
      ...bodyProblems,
      'consumer-group-taken',
      'limit-reached',
      'cursor-not-in-feed',
    ),
  },
});

export function registerCreateConsumerGroup(app: App, deps: ApiDeps) {
  app.openapi(route, async (c) => {
    const { name, eventTypes, filter, from } = c.req.valid('json');
    const merchantId = c.var.merchant.id;
    const requested = { merchantId, name, eventTypes, filter };
    const position =
      from === 'end'
        ? await endOfFeed(deps.db, { merchantId })
        : from === 'start'
          ? 0
          : await deps.cursors.read(c.var.merchant.shard, from);
    const cursorAt = await deps.cursors.writer(c.var.merchant.shard);
    const created = await insertConsumerGroup(deps.db, { ...requested, position });
    if (created) return c.json(consumerGroupBody(created, cursorAt), 201);
    const known = await findConsumerGroup(deps.db, { merchantId, name });
    if (!known)
      throw new Problem('limit-reached', `A merchant has at most ${mostGroups} consumer groups.`);
    if (!isSame(known, requested)) {
      throw new Problem(
        'consumer-group-taken',
        `The group ${name} exists with other event types or another filter.`,
      );
    }
    return c.json(consumerGroupBody(known, cursorAt), 200);
  });
}

type Wanted = Pick<ConsumerGroup, 'eventTypes' | 'filter'>;

/** Compares without the position: a member that creates the group at its start may find it moved on. */
function isSame(a: Wanted, b: Wanted): boolean {
  const contentOf = ({ eventTypes, filter }: Wanted) => canonicalJson({ eventTypes, filter });
  return contentOf(a) === contentOf(b);
}
