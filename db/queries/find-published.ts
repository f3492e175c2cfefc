import { and, eq, inArray } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { events } from '../schema/events.ts';

/** Which of a publisher's keys have an event already. */
export async function findPublished(
  db: Database,
  { merchantId, dedupeKeys }: { merchantId: MerchantId; dedupeKeys: readonly string[] },
): Promise<ReadonlySet<string>> {
  if (dedupeKeys.length === 0) return new Set();
  const rows = await db
    .select({ dedupeKey: events.dedupeKey })
    .from(events)
    .where(and(eq(events.merchantId, merchantId), inArray(events.dedupeKey, [...dedupeKeys])));
  return new Set(rows.flatMap(({ dedupeKey }) => dedupeKey ?? []));
}
