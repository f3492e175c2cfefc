import { and, eq, sql } from 'drizzle-orm';
import type { MerchantId } from '../../domain/ids.ts';
import type { Database } from '../database.ts';
import { preparedOnce } from '../prepared.ts';
import { idempotencyKeys } from '../schema/idempotency-keys.ts';

const record = preparedOnce('record_answer', (db, name) =>
  db
    .update(idempotencyKeys)
    .set({
      responseStatus: sql`${sql.placeholder('status')}`,
      responseBody: sql`${sql.placeholder('body')}`,
    })
    .where(
      and(
        eq(idempotencyKeys.merchantId, sql.placeholder('merchantId')),
        eq(idempotencyKeys.key, sql.placeholder('key')),
      ),
    )
    .prepare(name),
);

/** Stores the answer under an Idempotency-Key, so that a repeat gets the same bytes. */
export async function recordAnswer(
  db: Database,
  input: { merchantId: MerchantId; key: string; status: number; body: string },
): Promise<void> {
  await record(db).execute(input);
}
