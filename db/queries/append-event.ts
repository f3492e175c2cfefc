import { envelopeOf } from '../../domain/events.ts';
import type { EventType } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { MerchantId } from '../../domain/ids.ts';
import { events } from '../schema/events.ts';
import type { Transaction } from '../transaction.ts';

/** Writes the event of a state change, in the transaction of that change. */
export async function appendEvent(
  tx: Transaction,
  input: {
    merchantId: MerchantId;
    shard: number;
    type: EventType;
    resourceId: string;
    data: unknown;
  },
): Promise<void> {
  const id = newId('event');
  const createdAt = new Date();
  const body = envelopeOf({
    id,
    type: input.type,
    timestamp: createdAt.toISOString(),
    data: input.data,
  });
  await tx.insert(events).values({
    id,
    merchantId: input.merchantId,
    shard: input.shard,
    type: input.type,
    resourceId: input.resourceId,
    body,
    createdAt,
  });
}
