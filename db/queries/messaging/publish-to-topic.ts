import { and, eq } from 'drizzle-orm';
import type { EventType } from '../../../domain/events.ts';
import { newId } from '../../../domain/ids.ts';
import type { MerchantId, TopicId } from '../../../domain/ids.ts';
import { speakerAmong } from '../../../domain/participant.ts';
import type { Address } from '../../../domain/participant.ts';
import { fanOut } from '../../../domain/topic.ts';
import { workInSlices } from '../../work-in-slices.ts';
import type { Database } from '../../database.ts';
import { topicMessages, topics } from '../../schema/messaging.ts';
import type { Transaction } from '../../transaction.ts';
import { notifyMerchants } from './notify-merchants.ts';
import { listMembers, markSeen } from './topic-members.ts';

export type TopicMessage = typeof topicMessages.$inferSelect;

export type NewTopicMessage = {
  merchantId: MerchantId;
  topicId: TopicId;
  as: Address | undefined;
  /** The key whose newest state the message is; null without one. */
  key: string | null;
  messageKey: string | null;
  contentHash: string;
  /** JSON. */
  body: string;
};

export type PublishToTopicResult =
  | { kind: 'created' | 'existing'; message: TopicMessage }
  | { kind: 'none' }
  /** Several members belong to the merchant, or the named one does not. */
  | { kind: 'noSpeaker' }
  /** The key belongs to other content. */
  | { kind: 'keyReused' };

const type: EventType = 'group.message';

/**
 * Writes a topic's next message, with an event for every merchant whose members receive it, in one transaction under
 * the topic's row lock, so that numbers and events have the same order.
 */
export function publishToTopic(
  db: Database,
  input: NewTopicMessage,
): Promise<PublishToTopicResult> {
  const { merchantId, topicId, as, ...content } = input;
  return db.transaction(async (tx) => {
    const [topic] = await tx.select().from(topics).where(eq(topics.id, topicId)).for('update');
    const members = topic ? await listMembers(tx, { topicId }) : [];
    if (!topic || !members.some((member) => member.merchantId === merchantId)) {
      return topic?.merchantId === merchantId ? { kind: 'noSpeaker' } : { kind: 'none' };
    }
    const speaker = speakerAmong(members, { merchantId, as });
    if (!speaker) return { kind: 'noSpeaker' };
    const known = await resume(tx, input);
    if (known) return known;
    const message: TopicMessage = {
      ...content,
      topicId,
      merchantId,
      sender: speaker.address,
      id: newId('message'),
      seq: topic.lastSeq + 1,
      createdAt: new Date(),
    };
    await tx.insert(topicMessages).values(message);
    await tx.update(topics).set({ lastSeq: message.seq }).where(eq(topics.id, topicId));
    await markSeen(tx, { merchantId, topicId });
    const data = { ...topicMessageSnapshotOf(message), topic: topic.name };
    const event = { type, data };
    await notifyMerchants(tx, {
      merchantIds: await workInSlices(fanOut({ members, sender: speaker.address, event })),
      type,
      data,
      resourceId: topicId,
      channels: [topicId],
      at: message.createdAt,
    });
    return { kind: 'created', message };
  });
}

async function resume(
  tx: Transaction,
  { topicId, merchantId, messageKey, contentHash }: NewTopicMessage,
): Promise<PublishToTopicResult | undefined> {
  if (messageKey === null) return undefined;
  const [message] = await tx
    .select()
    .from(topicMessages)
    .where(
      and(
        eq(topicMessages.topicId, topicId),
        eq(topicMessages.merchantId, merchantId),
        eq(topicMessages.messageKey, messageKey),
      ),
    );
  if (!message) return undefined;
  return message.contentHash === contentHash
    ? { kind: 'existing', message }
    : { kind: 'keyReused' };
}

/** A message as members see it, over HTTP and in events. */
export function topicMessageSnapshotOf(message: TopicMessage) {
  return {
    id: message.id,
    object: 'topic_message' as const,
    topicId: message.topicId,
    seq: message.seq,
    from: message.sender,
    key: message.key,
    body: JSON.parse(message.body) as unknown,
    at: message.createdAt.toISOString(),
  };
}
