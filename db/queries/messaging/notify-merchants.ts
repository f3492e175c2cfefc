import { inArray } from 'drizzle-orm';
import type { EventType } from '../../../domain/events.ts';
import type { MerchantId } from '../../../domain/ids.ts';
import { events } from '../../schema/events.ts';
import { merchants } from '../../schema/merchants.ts';
import type { Transaction } from '../../transaction.ts';
import { newEvent } from '../new-event.ts';

/** Writes an event with the same data into each merchant's feed, in one statement. */
export async function notifyMerchants(
  tx: Transaction,
  input: {
    merchantIds: readonly MerchantId[];
    type: EventType;
    resourceId: string;
    data: unknown;
    at: Date;
    channels?: string[];
  },
): Promise<void> {
  const { merchantIds, channels = [], ...event } = input;
  if (merchantIds.length === 0) return;
  const shards = await tx
    .select({ merchantId: merchants.id, shard: merchants.shard })
    .from(merchants)
    .where(inArray(merchants.id, [...merchantIds]));
  await tx
    .insert(events)
    .values(shards.map((owner) => ({ ...newEvent({ ...event, ...owner }), channels })));
}
