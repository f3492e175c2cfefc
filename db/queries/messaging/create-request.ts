import { and, eq, sql } from 'drizzle-orm';
import { requestEnvelopeOf, requestEventId } from '../../../domain/exchange.ts';
import type { Qos } from '../../../domain/delivery.ts';
import type { EventType } from '../../../domain/events.ts';
import { newId } from '../../../domain/ids.ts';
import type { MerchantId } from '../../../domain/ids.ts';
import type { Participant } from '../../../domain/participant.ts';
import type { Database } from '../../database.ts';
import { endpoints } from '../../schema/endpoints.ts';
import { events } from '../../schema/events.ts';
import { merchants } from '../../schema/merchants.ts';
import { messages } from '../../schema/messaging.ts';
import type { Transaction } from '../../transaction.ts';
import type { ResourceEndpoint } from '../endpoints.ts';
import { isEndpoint } from './find-participant.ts';

export type Message = typeof messages.$inferSelect;

export type NewRequest = {
  merchantId: MerchantId;
  to: Participant;
  messageKey: string | null;
  contentHash: string;
  subject: string;
  /** JSON. */
  body: string;
  replyWithinSeconds: number;
  qos: Qos;
  /** The endpoint that receives this one reply, besides the requester's endpoints. */
  callback: ResourceEndpoint | null;
};

export type CreateRequestResult =
  | { kind: 'created' | 'existing'; message: Message }
  /** The key belongs to other content. */
  | { kind: 'keyReused' };

/**
 * Writes a request and the addressee's event in one transaction. A request to one endpoint has no event: its workflow
 * calls the endpoint, so nothing is sent twice.
 */
export function createRequest(db: Database, input: NewRequest): Promise<CreateRequestResult> {
  return db.transaction(async (tx) => {
    const { merchantId, messageKey, to, replyWithinSeconds, callback, ...content } = input;
    const [created] = await tx
      .insert(messages)
      .values({
        id: newId('message'),
        merchantId,
        messageKey,
        ...content,
        toMerchantId: to.merchantId,
        toEndpointId: isEndpoint(to.address) ? to.address : null,
        // To the millisecond, as shown and sent.
        createdAt: sql`date_trunc('milliseconds', clock_timestamp())`,
        expiresAt: sql`date_trunc('milliseconds', clock_timestamp())
          + make_interval(secs => ${replyWithinSeconds})`,
      })
      .onConflictDoNothing()
      .returning();
    if (!created) return resume(tx, input);
    if (created.toEndpointId === null) await insertRequestEvent(tx, created);
    if (callback) await insertCallback(tx, created, callback);
    return { kind: 'created', message: created };
  });
}

async function resume(
  tx: Transaction,
  { merchantId, messageKey, contentHash }: NewRequest,
): Promise<CreateRequestResult> {
  const [message] = await tx
    .select()
    .from(messages)
    .where(and(eq(messages.merchantId, merchantId), eq(messages.messageKey, messageKey ?? '')));
  if (!message)
    throw new Error(`message key ${messageKey} conflicts with a message that does not exist`);
  return message.contentHash === contentHash
    ? { kind: 'existing', message }
    : { kind: 'keyReused' };
}

/** The endpoint of this one request, like an order's `notifyUrl`. */
async function insertCallback(
  tx: Transaction,
  { id: resourceId, merchantId }: Message,
  { endpointId: id, url, sealedSecret }: NonNullable<NewRequest['callback']>,
): Promise<void> {
  const eventTypes: EventType[] = ['message.reply', 'message.expired'];
  await tx.insert(endpoints).values({ id, merchantId, url, sealedSecret, resourceId, eventTypes });
}

async function insertRequestEvent(tx: Transaction, message: Message): Promise<void> {
  const [owner] = await tx
    .select({ shard: merchants.shard })
    .from(merchants)
    .where(eq(merchants.id, message.toMerchantId));
  await tx.insert(events).values({
    id: requestEventId(message),
    merchantId: message.toMerchantId,
    shard: owner!.shard,
    type: 'message.request',
    resourceId: message.id,
    body: requestEnvelopeOf(message),
    createdAt: message.createdAt,
  });
}
