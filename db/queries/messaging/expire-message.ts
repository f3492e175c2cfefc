import { and, eq, sql } from 'drizzle-orm';
import { exchangeSnapshotOf } from '../../../domain/exchange.ts';
import type { ExchangeStatus } from '../../../domain/exchange.ts';
import type { MessageId } from '../../../domain/ids.ts';
import type { Database } from '../../database.ts';
import { messages } from '../../schema/messaging.ts';
import { notifyMerchants } from './notify-merchants.ts';

/**
 * Expires a request without a reply after its deadline and notifies the requester. Returns the status: `pending` if by
 * the database's clock there is time left.
 */
export function expireMessage(
  db: Database,
  { messageId }: { messageId: MessageId },
): Promise<{ status: ExchangeStatus }> {
  return db.transaction(async (tx) => {
    const [expired] = await tx
      .update(messages)
      .set({ status: 'expired' })
      .where(
        and(
          eq(messages.id, messageId),
          eq(messages.status, 'pending'),
          sql`${messages.expiresAt} <= clock_timestamp()`,
        ),
      )
      .returning();
    if (!expired) {
      const [message] = await tx
        .select({ status: messages.status })
        .from(messages)
        .where(eq(messages.id, messageId));
      if (!message) throw new Error(`message ${messageId} does not exist`);
      return message;
    }
    await notifyMerchants(tx, {
      merchantIds: [expired.merchantId],
      type: 'message.expired',
      resourceId: messageId,
      data: exchangeSnapshotOf(expired),
      at: new Date(),
    });
    return { status: expired.status };
  });
}
