import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import type { TopicId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { topicMessages } from '../../schema/messaging.ts';
import type { TopicMessage } from './publish-to-topic.ts';

/** A topic's messages after a sequence number, oldest first. The caller has checked access to the topic. */
export async function listTopicMessages(
  db: Database,
  { topicId, after, limit }: { topicId: TopicId; after: number; limit: number },
): Promise<{ messages: TopicMessage[]; hasMore: boolean }> {
  const rows = await db
    .select()
    .from(topicMessages)
    .where(and(eq(topicMessages.topicId, topicId), gt(topicMessages.seq, after)))
    .orderBy(asc(topicMessages.seq))
    .limit(limit + 1);
  return { messages: rows.slice(0, limit), hasMore: rows.length > limit };
}

/** The number of a topic's last message, or of the last before a moment; 0 without one. */
export async function lastOfTopic(
  db: Database,
  { topicId, before }: { topicId: TopicId; before?: Date },
): Promise<number> {
  const [row] = await db
    .select({ seq: sql<number>`coalesce(max(${topicMessages.seq}), 0)::float8` })
    .from(topicMessages)
    .where(and(eq(topicMessages.topicId, topicId), before && lt(topicMessages.createdAt, before)));
  return row!.seq;
}

/** The newest message under a key. The caller has checked access to the topic. */
export async function latestInTopic(
  db: Database,
  { topicId, key }: { topicId: TopicId; key: string },
): Promise<TopicMessage | undefined> {
  const [message] = await db
    .select()
    .from(topicMessages)
    .where(and(eq(topicMessages.topicId, topicId), eq(topicMessages.key, key)))
    .orderBy(desc(topicMessages.seq))
    .limit(1);
  return message;
}
