import { eq, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';

/** The position of a merchant's newest numbered event, to read on from; 0 without one. */
export async function endOfFeed(
  db: Database,
  { merchantId }: { merchantId: MerchantId },
): Promise<number> {
  const [row] = await db
    .select({ position: sql<number>`coalesce(max(${events.position}), 0)::float8` })
    .from(events)
    .where(eq(events.merchantId, merchantId));
  return row!.position;
}
