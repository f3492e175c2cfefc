import { and, eq } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { idempotencyKeys } from '../schema/idempotency-keys.ts';

/** Keeps the answer given under an Idempotency-Key, so that a repeat gets the same bytes. */
export async function recordAnswer(
  db: Database,
  input: { merchantId: MerchantId; key: string; status: number; body: string },
): Promise<void> {
  await db
    .update(idempotencyKeys)
    .set({ responseStatus: input.status, responseBody: input.body })
    .where(
      and(eq(idempotencyKeys.merchantId, input.merchantId), eq(idempotencyKeys.key, input.key)),
    );
}
