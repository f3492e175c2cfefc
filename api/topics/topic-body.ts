import { z } from '@hono/zod-openapi';
import type { TopicMessage } from '../../db/queries/messaging/publish-to-topic.ts';
import { topicMessageSnapshotOf } from '../../db/queries/messaging/publish-to-topic.ts';
import type { Member } from '../../db/queries/messaging/topic-members.ts';
import type { Topic } from '../../db/queries/messaging/topics.ts';
import { plainText, timeSchema } from '../schemas.ts';

export const topicSchema = z
  .object({
    id: z.string().openapi({ example: 'top_01jd3v9k7q2m5x8r4t6w0y1z3c' }),
    object: z.literal('topic'),
    name: z.string(),
    ownerId: z.string(),
    lastSeq: z
      .int()
      .openapi({ description: 'The `seq` of the newest message; 0 without messages' }),
    createdAt: timeSchema,
  })
  .openapi('Topic');

export const memberSchema = z
  .object({
    participant: z.string(),
    object: z.literal('topic_member'),
    filter: z.record(z.string(), z.unknown()).nullable(),
    cursor: z.int().openapi({ description: 'The `seq` up to which the member has read' }),
    lastSeenAt: timeSchema.nullable(),
    joinedAt: timeSchema,
  })
  .openapi('TopicMember');

export const topicMessageSchema = z
  .object({
    id: z.string(),
    object: z.literal('topic_message'),
    topicId: z.string(),
    seq: z.int().openapi({ description: '1, 2, 3, … without gaps' }),
    from: z.string(),
    key: z.string().nullable(),
    body: z.unknown(),
    at: timeSchema,
  })
  .openapi('TopicMessage');

export const topicKey = plainText(128).openapi({ example: 'price/tea' });

export function topicBody(topic: Topic): z.infer<typeof topicSchema> {
  const { id, name, merchantId: ownerId, lastSeq, createdAt } = topic;
  return { id, object: 'topic', name, ownerId, lastSeq, createdAt: createdAt.toISOString() };
}

export function memberBody(member: Member): z.infer<typeof memberSchema> {
  return {
    participant: member.address,
    object: 'topic_member',
    filter: member.filter,
    cursor: member.cursor,
    lastSeenAt: member.lastSeenAt?.toISOString() ?? null,
    joinedAt: member.joinedAt.toISOString(),
  };
}

export function topicMessageBody(message: TopicMessage): z.infer<typeof topicMessageSchema> {
  return topicMessageSnapshotOf(message);
}
