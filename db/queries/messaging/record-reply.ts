import { and, eq, sql } from 'drizzle-orm';
import { decideOnReply, exchangeSnapshotOf } from '../../../domain/exchange.ts';
import type { ReplyDecision } from '../../../domain/exchange.ts';
import type { MerchantId, MessageId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { messages } from '../../schema/messaging.ts';
import type { Message } from './create-request.ts';
import { notifyMerchants } from './notify-merchants.ts';

export type RecordReplyResult =
  | { kind: 'none' }
  | { kind: ReplyDecision['kind']; message: Message };

/**
 * Records the addressee's reply and the requester's event under the request's row lock: of concurrent replies exactly
 * one counts. `body` is JSON.
 */
export function recordReply(
  db: Database,
  input: { merchantId: MerchantId; messageId: MessageId; body: string; via: 'answer' | 'post' },
): Promise<RecordReplyResult> {
  const { merchantId, messageId, body, via } = input;
  return db.transaction(async (tx) => {
    const isThis = and(eq(messages.id, messageId), eq(messages.toMerchantId, merchantId));
    const [found] = await tx.select().from(messages).where(isThis).for('update');
    if (!found) return { kind: 'none' };
    // A separate statement, because the clock of the one that waited for the lock is older than the lock.
    const [clock] = await tx
      .select({ isOver: sql<boolean>`${messages.expiresAt} <= clock_timestamp()` })
      .from(messages)
      .where(isThis);
    const decision = decideOnReply({ ...found, isOver: clock!.isOver }, body);
    if (decision.kind === 'late' && decision.isKept) {
      await tx.update(messages).set({ lateReply: body }).where(isThis);
    }
    if (decision.kind !== 'record') return { kind: decision.kind, message: found };
    const repliedAt = new Date();
    const [message] = await tx
      .update(messages)
      .set({ status: 'replied', reply: body, replyVia: via, repliedAt })
      .where(isThis)
      .returning();
    await notifyMerchants(tx, {
      merchantIds: [found.merchantId],
      type: 'message.reply',
      resourceId: messageId,
      data: exchangeSnapshotOf(message!),
      at: repliedAt,
    });
    return { kind: 'record', message: message! };
  });
}
