import { and, eq, or } from 'drizzle-orm';
import type { MerchantId, MessageId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { messages } from '../../schema/messaging.ts';
import type { Message } from './create-request.ts';

/** A request that this merchant has sent or received. */
export async function findMessage(
  db: Database,
  { merchantId, messageId }: { merchantId: MerchantId; messageId: MessageId },
): Promise<Message | undefined> {
  const isPartOfIt = or(eq(messages.merchantId, merchantId), eq(messages.toMerchantId, merchantId));
  const [message] = await db
    .select()
    .from(messages)
    .where(and(eq(messages.id, messageId), isPartOfIt));
  return message;
}

/** A request of any merchant: for internal use, not for merchants' requests. */
export async function lookUpMessage(
  db: Database,
  { messageId }: { messageId: MessageId },
): Promise<Message | undefined> {
  const [message] = await db.select().from(messages).where(eq(messages.id, messageId));
  return message;
}
