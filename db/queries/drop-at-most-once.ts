import { and, eq, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { deliveries } from '../schema/endpoints.ts';
import type { Transaction } from '../transaction.ts';

/**
 * Ends what may be sent once at the most and would else be sent by somebody who cannot know whether it was.
 * It may have arrived, and is seen to be dropped.
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
