import { and, eq, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { deliveries } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';

/**
 * Drops at-most-once deliveries whose next sender could not know whether they were sent. They may have arrived; the
 * status shows them as dropped.
 */
export async function dropAtMostOnce(
  db: Database | Transaction,
  which: SQL | undefined,
): Promise<void> {
  await db
    .update(deliveries)
    .set({
      status: 'dropped',
      endReason: 'at_most_once',
      endedAt: sql`now()`,
      nextAttemptAt: null,
    })
    .where(and(eq(deliveries.status, 'pending'), eq(deliveries.isAtMostOnce, true), which));
}
