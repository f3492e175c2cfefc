import { createRoute, z } from '@hono/zod-openapi';
import {
  listMembers,
  mostMembers,
  moveCursor,
  putMember,
  removeMember,
} from '../../db/queries/messaging/topic-members.ts';
import { speakerAmong } from '../../domain/participant.ts';
import type { ApiDeps, App } from '../deps.ts';
import { filterSchema } from '../events/event-schema.ts';
import { notFound, Problem } from '../problems.ts';
import { bodyProblems, problemResponses } from '../schemas.ts';
import { noSpeaker } from '../sessions/no-speaker.ts';
import { addressSchema, asSchema, messagingRoute, topicId } from '../messages/messaging-schemas.ts';
import { participantAt } from '../messages/participant-at.ts';
import { topicAt } from './topic-at.ts';
import { memberBody, memberSchema } from './topic-body.ts';

const content = { 'application/json': { schema: memberSchema } };
const onTopic = z.object({ topicId });
const onMember = z.object({ topicId, participant: addressSchema });
const problems = ['invalid-request', 'unauthorized', 'not-found'] as const;

const put = createRoute({
  method: 'put',
  path: '/v1/topics/{topicId}/members/{participant}',
  operationId: 'setTopicMember',
  ...messagingRoute,
  summary: 'Add a member, or change its filter',
  description:
    'For the owner of the topic. A participant of another merchant needs the permission of that merchant. With a filter, the member gets events only for matching messages; the history has all of them.',
  request: {
    params: onMember,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .strictObject({ filter: filterSchema.nullable().default(null) })
            .openapi('NewTopicMember'),
        },
      },
    },
  },
  responses: {
    200: { description: 'A member already; the filter is updated', content },
    201: { description: 'Added', content },
    ...problemResponses(...bodyProblems, 'not-found', 'limit-reached'),
  },
});

const remove = createRoute({
  method: 'delete',
  path: '/v1/topics/{topicId}/members/{participant}',
  operationId: 'removeTopicMember',
  ...messagingRoute,
  summary: 'Remove a member, or leave',
  description: 'The owner can remove any member, a member only itself.',
  request: { params: onMember },
  responses: { 204: { description: 'No longer a member' }, ...problemResponses(...problems) },
});

const list = createRoute({
  method: 'get',
  path: '/v1/topics/{topicId}/members',
  operationId: 'listTopicMembers',
  ...messagingRoute,
  summary: 'List members with their cursor and when they were last seen',
  request: { params: onTopic },
  responses: {
    200: {
      description: 'All, in the order of joining',
      content: { 'application/json': { schema: z.object({ data: z.array(memberSchema) }) } },
    },
    ...problemResponses(...problems),
  },
});

const move = createRoute({
  method: 'put',
  path: '/v1/topics/{topicId}/cursor',
  operationId: 'moveTopicCursor',
  ...messagingRoute,
  summary: 'Move your cursor in a topic',
  description: 'A cursor only moves forward, and not beyond the newest message.',
  request: {
    params: onTopic,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z.strictObject({ seq: z.int().min(0), as: asSchema }).openapi('TopicCursor'),
        },
      },
    },
  },
  responses: {
    200: { description: 'The member', content },
    ...problemResponses(...bodyProblems, 'not-found'),
  },
});

export function registerTopicMembers(app: App, { db }: ApiDeps) {
  app.openapi(put, async (c) => {
    const { topicId, participant: address } = c.req.valid('param');
    const merchantId = c.var.merchant.id;
    const participant = await participantAt(db, { merchantId, address });
    const { filter } = c.req.valid('json');
    const result = await putMember(db, { merchantId, topicId, participant, filter });
    if (result.kind === 'none') throw notFound('topic', topicId);
    if (result.kind === 'full') {
      throw new Problem('limit-reached', `A topic has at most ${mostMembers} members.`);
    }
    return c.json(memberBody(result.member), result.kind === 'added' ? 201 : 200);
  });
  app.openapi(remove, async (c) => {
    const { topicId, participant: address } = c.req.valid('param');
    const isRemoved = await removeMember(db, {
      merchantId: c.var.merchant.id,
      topicId,
      address,
    });
    if (!isRemoved) throw notFound('member', address);
    return c.body(null, 204);
  });
  app.openapi(list, async (c) => {
    const { topicId } = c.req.valid('param');
    await topicAt(db, { merchantId: c.var.merchant.id, topicId });
    const members = await listMembers(db, { topicId });
    return c.json({ data: members.map(memberBody) }, 200);
  });
  app.openapi(move, async (c) => {
    const { topicId } = c.req.valid('param');
    const { seq: cursor, as } = c.req.valid('json');
    const merchantId = c.var.merchant.id;
    await topicAt(db, { merchantId, topicId });
    const members = await listMembers(db, { topicId });
    const actingMember = speakerAmong(members, { merchantId, as });
    const { address } = actingMember ?? {};
    const member = address && (await moveCursor(db, { merchantId, topicId, address, cursor }));
    if (!member) throw noSpeaker();
    return c.json(memberBody(member), 200);
  });
}
