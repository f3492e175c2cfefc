import type { Database } from '../../db/database.ts';
import { findTopic } from '../../db/queries/messaging/topics.ts';
import type { Topic } from '../../db/queries/messaging/topics.ts';
import type { MerchantId, TopicId } from '../../domain/ids.ts';
import { notFound } from '../problems.ts';

/** Finds a topic that the merchant owns or is a member of. Throws a 404 problem if there is none. */
export async function topicAt(
  db: Database,
  { merchantId, topicId }: { merchantId: MerchantId; topicId: TopicId },
): Promise<Topic> {
  const topic = await findTopic(db, { merchantId, topicId });
  if (!topic) throw notFound('topic', topicId);
  return topic;
}
