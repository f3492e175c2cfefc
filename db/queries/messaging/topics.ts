import { and, desc, eq, exists, or } from 'drizzle-orm';
import { newId } from '../../../domain/ids.ts';
import type { MerchantId, TopicId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { topicMembers, topics } from '../../schema/messaging.ts';

export type Topic = typeof topics.$inferSelect;

/** Creates a topic with its owner as the first member, or returns the existing one of that name. */
export function createTopic(
  db: Database,
  { merchantId, name }: { merchantId: MerchantId; name: string },
): Promise<{ topic: Topic; isNew: boolean }> {
  return db.transaction(async (tx) => {
    const [topic] = await tx
      .insert(topics)
      .values({ id: newId('topic'), merchantId, name })
      .onConflictDoNothing()
      .returning();
    if (topic) {
      await tx.insert(topicMembers).values({ topicId: topic.id, address: merchantId, merchantId });
      return { topic, isNew: true };
    }
    const [known] = await tx
      .select()
      .from(topics)
      .where(and(eq(topics.merchantId, merchantId), eq(topics.name, name)));
    return { topic: known!, isNew: false };
  });
}

/** Only the owner and the members may read a topic. */
function mayRead(db: Database, merchantId: MerchantId) {
  const membership = db
    .select({ address: topicMembers.address })
    .from(topicMembers)
    .where(and(eq(topicMembers.topicId, topics.id), eq(topicMembers.merchantId, merchantId)));
  return or(eq(topics.merchantId, merchantId), exists(membership));
}

export async function findTopic(
  db: Database,
  { merchantId, topicId }: { merchantId: MerchantId; topicId: TopicId },
): Promise<Topic | undefined> {
  const [topic] = await db
    .select()
    .from(topics)
    .where(and(eq(topics.id, topicId), mayRead(db, merchantId)));
  return topic;
}

/** Topics that a merchant owns or is a member of, newest first. */
export function listTopics(
  db: Database,
  { merchantId, limit }: { merchantId: MerchantId; limit: number },
): Promise<Topic[]> {
  return db
    .select()
    .from(topics)
    .where(mayRead(db, merchantId))
    .orderBy(desc(topics.id))
    .limit(limit);
}
