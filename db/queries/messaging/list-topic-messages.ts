import { and, asc, desc, eq, gt } from 'drizzle-orm';
import type { TopicId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { topicMessages } from '../../schema/messaging.ts';
import type { TopicMessage } from './publish-to-topic.ts';

/** A topic's messages after a number, oldest first. For those who were found to see the topic. */
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

/** The newest message under a key. For those who were found to see the topic. */
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
