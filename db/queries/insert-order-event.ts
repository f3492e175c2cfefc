import type { SQL } from 'drizzle-orm';
import { insertInto } from '../columns.ts';
import { at, int, text } from '../placeholders.ts';
import { events } from '../schema/events.ts';

/**
 * The insert of an order's event, for each row of `from`, inside a statement that writes the change too. Its
 * placeholders are `eventId`, `merchantId`, `shard`, `eventType`, `orderId`, `eventBody` and `at`.
 */
export function insertOrderEvent(from: SQL): SQL {
  return insertInto(
    events,
    {
      id: text('eventId'),
      merchantId: text('merchantId'),
      shard: int('shard'),
      type: text('eventType'),
      resourceId: text('orderId'),
      body: text('eventBody'),
      createdAt: at('at'),
    },
    from,
  );
}
