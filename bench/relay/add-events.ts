import type { Database } from '../../db/database.ts';
import { events } from '../../db/schema/events.ts';
import { envelopeOf } from '../../domain/events.ts';
import { newId } from '../../domain/ids.ts';
import type { MerchantId } from '../../domain/ids.ts';

const batchSize = 500;

/** Writes events like those of orders, about a kilobyte each. */
export async function addEvents(
  db: Database,
  { merchantId, count }: { merchantId: MerchantId; count: number },
): Promise<void> {
  for (let written = 0; written < count; written += batchSize) {
    const batch = Array.from({ length: Math.min(batchSize, count - written) }, () => {
      const id = newId('event');
      return {
        id,
        merchantId,
        shard: 0,
        type: 'order.paid',
        resourceId: 'ord_bench',
        body: bodyOf(id),
      };
    });
    await db.insert(events).values(batch);
  }
}

/** The body of an event like those of orders. */
export function bodyOf(id: string): string {
  const data = {
    id: 'ord_bench',
    object: 'order',
    status: 'paid',
    metadata: { note: 'x'.repeat(600) },
  };
  return envelopeOf({ id, type: 'order.paid', timestamp: new Date().toISOString(), data });
}
